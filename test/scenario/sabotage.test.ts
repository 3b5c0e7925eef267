import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { LoadPlan } from '../../harness/load/plan.js';
import type { Results } from '../../reports/results.js';
import { type FinishedScenario, failures, runFixture } from '../fixtures/run-scenario.js';
import { Slots } from '../fixtures/slots.js';

/**
 * A harness is only worth what it catches. Each sabotage must be found by the gates that are meant for it, with the count
 * that follows from the plan, and by no other gate; its healthy twin passes the same scenario.
 */

interface Case {
  readonly sabotage: string;
  readonly what: string;
  readonly options?: Readonly<Record<string, number>>;
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

const folder = mkdtempSync(join(tmpdir(), 'gauntlet-sabotage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Three runs at a time: each spends most of its time waiting for silence. */
const slots = new Slots(3);
let runs = 0;

function run(scenario: string, sabotage?: string, set: readonly string[] = []): Promise<FinishedScenario> {
  const named = sabotage === undefined ? [] : [`system.options.sabotage=${sabotage}`];
  return slots.use(() => runFixture(scenario, [...named, ...set], join(folder, String(runs++))));
}

describe.concurrent('counts of a steady load', () => {
  it('are clean without a sabotage', async () => {
    expectClean((await run('steady')).results);
  });

  it.each(STEADY)('$sabotage $what', async ({ sabotage, options = {}, caught }) => {
    const set = Object.entries(options).map(([option, value]) => `system.options.${option}=${value}`);
    const { results, plan } = await run('steady', sabotage, set);
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
    ['inventory-changes', /no two in a row were alike within 2 s/],
  ])('%s: what it holds was not found', async (sabotage, problem) => {
    const { results, plan } = await run('poison', sabotage);
    expect(results.ledger.inventory.problem).toMatch(problem);
    expectCaught(results, { lost: poisoned(plan), misjudged: poisoned(plan) });
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

describe.concurrent('Redis killed under load', () => {
  it('passes when what was in flight is told as indeterminate', async () => {
    const { results } = await run('redis-killed');
    expectClean(results);
    expect(results.ledger.counts.indeterminate?.value).toBeGreaterThan(0);
  });

  it('loses-in-flight', async () => {
    const { results, plan } = await run('redis-killed', 'loses-in-flight');
    const { counts } = results.ledger;
    expect(counts.accepted?.value).toBe(plan.count);
    const missing = plan.count - counts.delivered!.value;
    expect(missing).toBeGreaterThan(0);
    expectCaught(results, { lost: missing });
  });
});

/** One at a time, and with seconds between right and wrong: these are about time. */
describe('latency and throughput', () => {
  it('pass without a sabotage', async () => {
    expectClean((await run('quick')).results);
  });

  it('delays: one message in fifty by 2 s, which the p99.5 shows', async () => {
    const { results } = await run('quick', 'delays', ['system.options.every=50', 'system.options.holdMs=2000']);
    expect(observed(results, 'latency.p99.5')).toBeGreaterThanOrEqual(2000);
    expectTardy(results, ['latency.p99.5']);
  });

  it('stalls: 200 ms of every second, of which the p95 sees all but 50 ms', async () => {
    const { results } = await run('quick', 'stalls', ['system.options.holdMs=200']);
    expect(observed(results, 'latency.p95')).toBeGreaterThanOrEqual(0.95 * (200 - 0.05 * 1000));
    expectTardy(results, ['latency.p95']);
  });

  it('blocks-the-event-loop: the generator cannot send on time, and the system answers for it', async () => {
    const set = ['system.options.every=250', 'system.options.holdMs=200'];
    const { results } = await run('quick', 'blocks-the-event-loop', set);
    // 200 ms of every half second.
    expect(observed(results, 'latency.p95')).toBeGreaterThanOrEqual(0.95 * (200 - 0.05 * 500));
    expectTardy(results, ['latency.p95']);
  });

  it('delivers-in-the-drain: all of it, and none of it counts', async () => {
    const { results, plan } = await run('quick', 'delivers-in-the-drain', ['system.options.holdMs=8000']);
    expect(results.ledger.counts.delivered?.value).toBe(plan.count);
    expect(observed(results, 'throughput')).toBe(0);
    expectTardy(results, ['throughput', 'latency.p95', 'latency.p99.5']);
  });
});

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

function observed({ gates }: Results, metric: string): number | null | undefined {
  return gates.find((gate) => gate.metric === metric)?.observed;
}

/**
 * Every gate passed. On a machine so busy that the generator fell behind the verdict is inconclusive, and rightly so;
 * nothing else excuses it here.
 */
function expectClean({ gates, verdict, reason, instrument }: Results): void {
  expect(gates.filter((gate) => gate.verdict !== 'pass')).toEqual([]);
  const excuses = instrument.problems.filter((problem) => problem.startsWith('the generator fell behind'));
  expect(instrument.problems).toEqual(excuses);
  expect(verdict, reason).toBe(excuses.length === 0 ? 'pass' : 'inconclusive');
}

/** Exactly these gates failed, with these values. */
function expectCaught(results: Results, caught: Readonly<Record<string, number>>): void {
  const found = failures(results);
  expect(Object.keys(found).sort()).toEqual(Object.keys(caught).sort());
  for (const [metric, value] of Object.entries(caught)) expect(found[metric], metric).toBeCloseTo(value, 9);
  expect(results.verdict).toBe('fail');
}

/**
 * These gates failed, and none but those that are about time. On a machine that was disturbed for more than half of the
 * load they are inconclusive, whatever they observed: nothing could be said then.
 */
function expectTardy({ gates, verdict }: Results, metrics: readonly string[]): void {
  const missed = gates.filter((gate) => gate.verdict !== 'pass');
  expect(missed.map(({ metric }) => metric)).toEqual(expect.arrayContaining([...metrics]));
  expect(missed.filter(({ metric }) => !/^(latency|throughput)/.test(metric))).toEqual([]);
  const excused = missed.filter((gate) => gate.verdict === 'inconclusive');
  for (const { note } of excused) expect(note).toMatch(/^the machine was disturbed for/);
  expect(verdict).toBe(excused.length === missed.length ? 'inconclusive' : 'fail');
}
