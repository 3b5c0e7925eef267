import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { LoadPlan } from '../../harness/load/plan.js';
import type { Results } from '../../reports/results.js';
import { failures, runFixture } from '../fixtures/run-scenario.js';
import { Slots } from '../fixtures/slots.js';

/**
 * A harness is only worth what it catches: each sabotage is found by the gate that is meant for it, with the right count
 * and by no other gate, and the same driver without a sabotage passes the same scenario.
 */

const folder = mkdtempSync(join(tmpdir(), 'gauntlet-sabotage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs at a time: each spends most of its time waiting for silence. */
const slots = new Slots(2);
let runs = 0;

function run(scenario: string, ...set: readonly string[]) {
  return slots.use(() => runFixture(scenario, set, join(folder, String(runs++))));
}

interface Case {
  readonly sabotage: string;
  /** Further overrides, `--set` by `--set`. */
  readonly set?: readonly string[];
  /** What each gate that fails observes. */
  readonly caught: (plan: LoadPlan) => Readonly<Record<string, number>>;
}

/** Messages of the plan that a sabotage hits: see `isHit`. */
function hits({ count }: LoadPlan, every = 100, before = Infinity): number {
  return Math.floor((Math.min(count, before) - 1) / every);
}

function poisoned({ poison }: LoadPlan): number {
  return poison.reduce((sum, kind) => sum + (kind === 0 ? 0 : 1), 0);
}

const STEADY: readonly Case[] = [
  { sabotage: 'drops', caught: (plan) => ({ lost: hits(plan) }) },
  {
    // In the warm-up, which counts for no rate and no latency.
    sabotage: 'drops',
    set: ['system.options.before=500'],
    caught: (plan) => ({ lost: hits(plan, 100, plan.phases[0]!.end) }),
  },
  {
    sabotage: 'acknowledges-before-storing',
    set: ['system.options.every=64'],
    caught: ({ count }) => ({ lost: count % 64 }),
  },
  { sabotage: 'delivers-twice', caught: (plan) => ({ duplicated: hits(plan) }) },
  { sabotage: 'reorders-a-key', caught: (plan) => ({ reordered: hits(plan) }) },
  { sabotage: 'overlaps-a-key', caught: (plan) => ({ overlapped: 2 * hits(plan) }) },
  { sabotage: 'corrupts-a-byte', caught: (plan) => ({ unexpected: hits(plan), lost: hits(plan) }) },
  { sabotage: 'swaps-payloads', caught: (plan) => ({ unexpected: 2 * hits(plan), lost: 2 * hits(plan) }) },
  { sabotage: 'invents-a-message', caught: (plan) => ({ unexpected: hits(plan) }) },
  { sabotage: 'answers-twice', caught: (plan) => ({ contract: hits(plan) }) },
  {
    sabotage: 'never-answers',
    caught: (plan) => ({ unanswered: hits(plan), availability: shareWithout(plan, hits(plan)) }),
  },
  { sabotage: 'claims-the-dropped', caught: (plan) => ({ stranded: hits(plan) }) },
  {
    sabotage: 'holds-the-rejected',
    caught: (plan) => ({ unexpected: hits(plan), availability: shareWithout(plan, hits(plan)) }),
  },
  { sabotage: 'dead-letters-the-healthy', caught: (plan) => ({ collateral: hits(plan) }) },
  // Handled once by its consumer, and once more by the drain's fresh one.
  { sabotage: 'never-settles', caught: ({ count }) => ({ unsettled: count, duplicated: count }) },
  // Handled until the count, a byte a message, is full.
  { sabotage: 'never-done', set: ['system.options.every=1999'], caught: () => ({ duplicated: 254 }) },
  // The consumer, and the drain's fresh one.
  { sabotage: 'never-stops', caught: () => ({ crashed: 2 }) },
];

/** Availability is of the measured phases. */
function shareWithout(plan: LoadPlan, missing: number): number {
  const [warmup, steady] = plan.phases;
  const measured = steady!.end - steady!.first;
  return 1 - (missing - hits(plan, 100, warmup!.end)) / measured;
}

describe.concurrent('a steady load', () => {
  it('passes without a sabotage', async () => {
    expectClean((await run('steady')).results);
  });

  it.each(STEADY)('$sabotage $set', async ({ sabotage, set = [], caught }) => {
    const { results, plan } = await run('steady', `system.options.sabotage=${sabotage}`, ...set);
    expectCaught(results, caught(plan));
  });
});

/** Everything passed. */
function expectClean(results: Results): void {
  expect(failures(results)).toEqual({});
  expect(results.verdict, results.reason).toBe('pass');
}

/** Exactly these gates failed, with these values. */
function expectCaught(results: Results, caught: Readonly<Record<string, number>>): void {
  const found = failures(results);
  expect(Object.keys(found).sort()).toEqual(Object.keys(caught).sort());
  for (const [metric, count] of Object.entries(caught)) expect(found[metric], metric).toBeCloseTo(count, 9);
  expect(results.verdict).toBe('fail');
}

export { poisoned };
