import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STORED_PLACES } from '../../../../harness/drivers/driver.js';
import { checkRun } from '../../../../harness/ledger/checker.js';
import type { WorkerIncident } from '../../../../harness/ledger/history.js';
import { countsIn } from '../../../fixtures/checked-counts.js';
import { buildHistory, type HandlingStory, type MessageStory, START_NS } from '../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../fixtures/load-plan.js';
import { naiveCounts } from '../../../fixtures/naive-checker.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const COUNT = 24;
const KILLED_MS = 40.5;

// Times are drawn without ties between starts and ends: what merely touches is tested elsewhere.
const handling = fc
  .record({
    consumer: fc.constantFrom('0.0', '1.0', '2.0'),
    start: fc.integer({ min: 0, max: 30 }),
    length: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined, freq: 8 }),
    failed: fc.boolean(),
    partition: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ start, length, ...rest }) => ({ ...rest, after: start, length }));

const outcome = fc.record({
  kind: fc.constantFrom('accepted', 'accepted', 'accepted', 'rejected', 'indeterminate'),
  after: fc.constantFrom(0.1, 1, 10_000, 10_001),
});

const message = fc.record({
  sent: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  outcomes: fc.array(outcome, { maxLength: 2 }),
  handlings: fc.array(handling, { maxLength: 3 }),
});

const item = fc.record({
  ordinal: fc.integer({ min: 0, max: COUNT - 1 }),
  place: fc.constantFrom(...STORED_PLACES),
  copies: fc.integer({ min: 1, max: 3 }),
  corrupt: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

const incident = fc
  .record({
    worker: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom('killed', 'stopped', 'paused', 'cut-off'),
    from: fc.integer({ min: 0, max: 60 }),
    length: fc.integer({ min: 0, max: 5 }),
  })
  .map(
    ({ worker, kind, from, length }): WorkerIncident => ({
      role: 'consumer',
      worker,
      incarnation: 0,
      kind: kind as WorkerIncident['kind'],
      fromNs: START_NS + (from + 0.25) * 1e6,
      untilNs: START_NS + (from + length + 0.25) * 1e6,
    }),
  );

const history = fc.record({
  messages: fc.array(message, { minLength: COUNT, maxLength: COUNT }),
  items: fc.array(item, { maxLength: 8 }),
  incidents: fc.array(incident, { maxLength: 3 }),
  poison: fc.array(fc.integer({ min: 0, max: COUNT - 1 }), { maxLength: 3 }),
  keys: fc.constantFrom(0, 1, 3, 7),
  producers: fc.integer({ min: 1, max: 2 }),
  maxAttempts: fc.constantFrom(undefined, 1, 2, 3),
  killed: fc.boolean(),
});

describe('checkRun', () => {
  it('counts what a naive checker counts, pair by pair', () => {
    fc.assert(
      fc.property(history, (spec) => {
        const plan = constantPlan({
          phases: [{ name: 'steady', durationMs: COUNT }],
          keys: spec.keys,
          producers: spec.producers,
          poison: Object.fromEntries(spec.poison.map((ordinal) => [ordinal, 1])),
        });
        const stories = spec.messages.map(({ sent, outcomes, handlings }, ordinal): MessageStory => {
          const own = handlings.map(({ after, length, ...rest }, i): HandlingStory => {
            // Every start and every end has a fraction of its own.
            const startMs = ordinal + after + (ordinal * 8 + i * 2 + 1) / 1000;
            const endMs = length === undefined ? undefined : startMs + length + 1 / 1000;
            // Consumer 2 is killed: what it began must be before that, and may end before it only.
            if (rest.consumer !== '2.0' || !spec.killed) return { ...rest, startMs, endMs };
            const early = Math.min(startMs, KILLED_MS - 1 + ordinal / 1000);
            return { ...rest, startMs: early, endMs: endMs !== undefined && endMs < KILLED_MS ? endMs : undefined };
          });
          if (!sent) return { handlings: own };
          const answers = outcomes.map(({ kind, after }, i) => ({ kind, ms: ordinal + after + i / 100 }) as const);
          return {
            sentMs: ordinal,
            outcomes: answers.sort((a, b) => a.ms - b.ms) as NonNullable<MessageStory['outcomes']>,
            handlings: own,
          };
        });
        const killed: Readonly<Record<string, number>> = spec.killed ? { 'consumer-2.0': KILLED_MS } : {};
        const built = buildHistory({
          dir: folder(),
          plan,
          consumers: 3,
          story: (ordinal) => stories[ordinal] as MessageStory,
          killed,
          overrides: {
            incidents: spec.incidents,
            maxAttempts: spec.maxAttempts,
            inventory: { stable: true, scans: 2, problem: undefined, items: spec.items },
          },
        });
        const run = checkRun(built);
        expect(run.damage).toEqual([]);
        const { moves: _, ...counted } = countsIn(run);
        expect(counted).toEqual(naiveCounts(plan, stories, spec.items, built, killed));
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
