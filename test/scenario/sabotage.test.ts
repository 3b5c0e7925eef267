import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoadPlan } from '../../harness/load/plan.js';
import { isHit } from '../fixtures/drivers/sabotage/wrap.js';
import { expectCaught, expectClean } from '../fixtures/expect-verdict.js';
import { failures } from '../fixtures/run-scenario.js';
import { sabotageRuns } from '../fixtures/sabotage-runs.js';

/**
 * A harness is only worth what it catches. Each sabotage must be found by the gates that are meant for it, with the count
 * that follows from the plan, and by no other gate; its healthy twin passes the same scenario.
 */

interface Case {
  readonly sabotage: string;
  readonly what: string;
  readonly options?: Readonly<Record<string, number>>;
  readonly set?: readonly string[];
  /** What each gate that fails observes. */
  readonly caught: (plan: LoadPlan) => Readonly<Record<string, number>>;
}

const STEADY: readonly Case[] = [
  { sabotage: 'drops', what: 'one message in a hundred', caught: (plan) => ({ lost: hits(plan) }) },
  {
    sabotage: 'drops',
    what: 'only in the warm-up, which counts for no rate and no latency',
    options: { before: 500 },
    caught: ({ phases }) => ({ lost: hits({ count: phases[0]!.end }) }),
  },
  {
    sabotage: 'acknowledges-before-storing',
    what: 'into a buffer of 64, which dies with its process',
    options: { every: 64 },
    caught: ({ count }) => ({ lost: count % 64 }),
  },
  { sabotage: 'delivers-twice', what: '', caught: (plan) => ({ duplicated: hits(plan) }) },
  { sabotage: 'reorders-a-key', what: '', caught: (plan) => ({ reordered: hits(plan) }) },
  { sabotage: 'overlaps-a-key', what: 'two messages each time', caught: (plan) => ({ overlapped: 2 * hits(plan) }) },
  { sabotage: 'corrupts-a-byte', what: '', caught: (plan) => ({ unexpected: hits(plan), lost: hits(plan) }) },
  {
    sabotage: 'swaps-payloads',
    what: 'of two messages each time',
    caught: (plan) => ({ unexpected: 2 * hits(plan), lost: 2 * hits(plan) }),
  },
  { sabotage: 'invents-a-message', what: '', caught: (plan) => ({ unexpected: hits(plan) }) },
  { sabotage: 'answers-twice', what: 'accepted, then rejected', caught: (plan) => ({ contract: hits(plan) }) },
  {
    sabotage: 'never-answers',
    what: '',
    caught: (plan) => ({ unanswered: hits(plan), availability: availabilityWithoutHits(plan) }),
  },
  { sabotage: 'claims-the-dropped', what: 'to be in the log', caught: (plan) => ({ stranded: hits(plan) }) },
  {
    sabotage: 'holds-the-rejected',
    what: 'in the log',
    caught: (plan) => ({ unexpected: hits(plan), availability: availabilityWithoutHits(plan) }),
  },
  { sabotage: 'dead-letters-the-healthy', what: '', caught: (plan) => ({ collateral: hits(plan) }) },
  {
    sabotage: 'never-settles',
    what: 'so that the fresh consumer handles everything once more',
    // Time for that also where it comes slowly.
    set: ['drain.deadline=10s'],
    caught: ({ count }) => ({ unsettled: count, duplicated: count }),
  },
  {
    sabotage: 'never-done',
    what: 'with one message, handled until its count, a byte, is full',
    options: { every: 1999 },
    caught: () => ({ duplicated: 254 }),
  },
  { sabotage: 'never-stops', what: 'neither the consumer nor the fresh one', caught: () => ({ crashed: 2 }) },
];

/** Three runs at a time: each spends most of its time waiting for silence. */
const { folder, run } = sabotageRuns(3);

describe.concurrent('counts of a steady load', () => {
  it('are clean without a sabotage', async () => {
    expectClean((await run('steady')).results);
  });

  it.each(STEADY)('$sabotage $what', async ({ sabotage, options = {}, set = [], caught }) => {
    const named = Object.entries(options).map(([option, value]) => `system.options.${option}=${value}`);
    const { results, plan } = await run('steady', sabotage, [...named, ...set]);
    expectCaught(results, caught(plan));
  });

  it('is-never-sure: there is nothing to judge by', async () => {
    const { results, plan } = await run('steady', 'is-never-sure');
    expect(results.ledger.counts).toMatchObject({
      accepted: { value: 0 },
      indeterminate: { value: plan.count },
      recovered: { value: plan.count },
    });
    expect(failures(results)).toMatchObject({ availability: 0, lost: null });
    expect(results.verdict).toBe('fail');
  });

  it('serves-the-last-run: clean the first time', async () => {
    const memory = [`system.options.memory=${join(folder, 'last-run')}`];
    expectClean((await run('steady', 'serves-the-last-run', memory)).results);
    const { results, plan } = await run('steady', 'serves-the-last-run', memory);
    expectCaught(results, { unexpected: hits(plan) });
  });
});

describe.concurrent('one message in ten thousand', () => {
  const set = ['system.options.every=10000', 'load.phases.steady.rate=6500/s'];

  it('passes without a sabotage', async () => {
    expectClean((await run('steady', undefined, set)).results);
  });

  it('drops', async () => {
    const { results, plan } = await run('steady', 'drops', set);
    expect(plan.count).toBeGreaterThan(10_000);
    expectCaught(results, { lost: 1 });
  });
});

describe.concurrent('poison, which only the inventory shows', () => {
  it('passes without a sabotage', async () => {
    const { results, plan } = await run('poison');
    expectClean(results);
    expect(results.ledger.counts['dead-lettered']?.value).toBe(poisoned(plan));
  });

  it.each([
    ['inventory-hangs', /did not end within 2 s/],
    ['inventory-throws', /the index is broken/],
    ['inventory-changes', /no two in a row were alike within 2 s/],
  ])('%s: what it holds was not found', async (sabotage, problem) => {
    const { results, plan } = await run('poison', sabotage);
    expect(results.ledger.inventory.problem).toMatch(problem);
    expectCaught(results, { lost: poisoned(plan), misjudged: poisoned(plan) });
  });

  it('settles-the-failed: every other one that should be a dead letter is none', async () => {
    const { results, plan } = await run('poison', 'settles-the-failed', ['system.options.every=2']);
    const settled = [...plan.poison.keys()].filter((ordinal) => plan.poison[ordinal] !== 0 && isHit(ordinal, EVEN));
    expect(settled.length).toBeGreaterThan(0);
    expect(settled.length).toBeLessThan(poisoned(plan));
    expectCaught(results, { lost: settled.length, misjudged: settled.length });
  });

  it('crashes: the consumer dies in the midst of the load, and the fresh one makes good for it', async () => {
    const set = ['system.options.every=700', `system.options.memory=${join(folder, 'crashed')}`];
    const { results } = await run('poison', 'crashes', set);
    expectCaught(results, { crashed: 1 });
    const [crash] = results.events.filter(({ kind }) => kind === 'worker');
    expect(crash?.text).toMatch(/^consumer-1: [\s\S]*lost its mind/);
  });
});

describe.concurrent('messages that are shed', () => {
  it('pass when they are told as rejected', async () => {
    const { results, plan } = await run('shedding');
    expectClean(results);
    expect(results.ledger.counts.rejected?.value).toBe(plan.count / 10);
  });

  it('accepts-the-rejected', async () => {
    const { results, plan } = await run('shedding', 'accepts-the-rejected');
    expectCaught(results, { lost: plan.count / 10 });
  });
});

describe.concurrent('a failover by Sentinels under load', () => {
  it('passes when what was in flight is told as indeterminate', async () => {
    const { results } = await run('failed-over');
    expectClean(results);
    expect(results.ledger.counts.indeterminate?.value).toBeGreaterThan(0);
  });

  it('loses-in-flight: as many as the driver noted when it called them stored', async () => {
    const memory = join(folder, 'called-stored');
    const { results, plan } = await run('failed-over', 'loses-in-flight', [`system.options.memory=${memory}`]);
    const noted = new Set(readFileSync(memory, 'utf8').trim().split('\n'));
    expect(results.ledger.counts.accepted?.value).toBe(plan.count);
    expectCaught(results, { lost: noted.size });
  });
});

const EVEN = { every: 2, before: Number.POSITIVE_INFINITY };

/** Messages of the plan that a sabotage hits: see `isHit`. */
function hits({ count }: Pick<LoadPlan, 'count'>, every = 100): number {
  return Math.floor((count - 1) / every);
}

function poisoned({ poison }: LoadPlan): number {
  return poison.filter((kind) => kind !== 0).length;
}

/** Availability looks at measured phases only. */
function availabilityWithoutHits(plan: LoadPlan): number {
  const [warmup, steady] = plan.phases;
  const missing = hits(plan) - hits({ count: warmup!.end });
  return 1 - missing / (steady!.end - steady!.first);
}
