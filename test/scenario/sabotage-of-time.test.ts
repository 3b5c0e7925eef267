import { describe, expect, it } from 'vitest';
import { expectClean, expectTardy, observed } from '../fixtures/expect-verdict.js';
import { sabotageRuns } from '../fixtures/sabotage-runs.js';

/**
 * Sabotage of latency and throughput, with seconds between right and wrong. What a busy machine adds makes bad worse, so
 * the sabotaged run beside each other; their healthy twin has the machine for itself.
 */

const { run } = sabotageRuns(2);

describe('latency and throughput', () => {
  it('pass without a sabotage', async () => {
    expectClean((await run('quick')).results);
  });
});

describe.concurrent('latency and throughput fail', () => {
  it('delays: one message in a hundred by 2 s, which the p99.5 shows', async () => {
    const { results } = await run('quick', 'delays', ['system.options.holdMs=2000']);
    expect(observed(results, 'latency.p99.5')).toBeGreaterThanOrEqual(2000);
    expectTardy(results, ['latency.p99.5']);
  });

  it('stalls: 600 ms of every second, of which the p95 sees all but 50 ms', async () => {
    const { results } = await run('quick', 'stalls', ['system.options.holdMs=600']);
    expect(observed(results, 'latency.p95')).toBeGreaterThanOrEqual(0.95 * (600 - 0.05 * 1000));
    expectTardy(results, ['latency.p95']);
  });

  it('blocks-the-event-loop: the generator cannot send on time, and the system answers for it', async () => {
    const set = ['system.options.every=250', 'system.options.holdMs=400'];
    const { results } = await run('quick', 'blocks-the-event-loop', set);
    // 400 ms of every half second.
    expect(observed(results, 'latency.p95')).toBeGreaterThanOrEqual(0.95 * (400 - 0.05 * 500));
    expectTardy(results, ['latency.p95']);
  });

  it('delivers-in-the-drain: all of it, and none of it counts', async () => {
    const { results, plan } = await run('quick', 'delivers-in-the-drain', ['system.options.holdMs=8000']);
    expect(results.ledger.counts.delivered?.value).toBe(plan.count);
    expect(observed(results, 'throughput')).toBe(0);
    expectTardy(results, ['throughput', 'latency.p95', 'latency.p99.5']);
  });
});
