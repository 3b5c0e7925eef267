import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { latencyOf } from '../../../../../harness/ledger/latencies.js';
import { measure } from '../../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec, type MessageStory } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

function check(spec: Partial<HistorySpec> = {}) {
  return checkRun(buildHistory({ dir: folder(), plan: constantPlan(), ...spec }));
}

/** Handled `waitMs(ordinal)` after it was due. */
function handledAfter(waitMs: (ordinal: number, dueMs: number) => number) {
  return (ordinal: number, healthy: MessageStory): MessageStory => {
    const startMs = (healthy.sentMs as number) + waitMs(ordinal, healthy.sentMs as number);
    return { ...healthy, handlings: [{ consumer: '0.0', startMs, endMs: startMs + 1 }] };
  };
}

describe('latency', () => {
  it('is the ceil(qN)-th value, in HDR steps of a thousandth', () => {
    const run = check({ story: handledAfter((ordinal) => ordinal + 1) });
    expect(measure(run, 'latency.p50 < 1s').value).toBeCloseTo(50, 1);
    expect(measure(run, 'latency.p99 < 1s').value).toBeCloseTo(99, 0);
    expect(measure(run, 'latency.p99.1 < 1s').value).toBeCloseTo(100, 0);
    expect(measure(run, 'latency.max < 1s').value).toBeCloseTo(100, 0);
    expect(measure(run, 'latency.p0.5 < 1s').value).toBeCloseTo(1, 2);
    expect(measure(run, 'latency.done.p50 < 1s').value).toBeCloseTo(51, 1);
    expect(measure(run, 'latency.publish.p50 < 1s').value).toBeCloseTo(1, 2);
    expect(measure(run, 'instrument.lag.p99 < 1s').value).toBe(0);
  });

  it('counts what was never delivered as infinite, and leaves rejected, withheld and poison out', () => {
    const run = check({
      plan: constantPlan({ poison: { 90: 1, 91: 2 } }),
      story: (ordinal, healthy) => {
        if (ordinal === 1) return { ...healthy, handlings: [] };
        if (ordinal === 2) return {};
        if (ordinal === 3) return { ...healthy, outcomes: [{ kind: 'indeterminate', ms: 9 }], handlings: [] };
        if (ordinal === 4) return { sentMs: 4, outcomes: [{ kind: 'rejected', ms: 5 }] };
        if (ordinal === 90 || ordinal === 91) return { ...healthy, handlings: [] };
        return healthy;
      },
    });
    const p96 = measure(run, 'latency.p96 < 1s');
    expect(p96.samples).toBe(97);
    expect(p96.value).toBeCloseTo(2, 2);
    expect(p96.note).toBe('3 of 97 messages count as infinite: they never got there');
    expect(measure(run, 'latency.p97 < 1s').value).toBe(Infinity);
    expect(measure(run, 'latency.publish.p97 < 1s')).toMatchObject({ samples: 99, value: expect.closeTo(1, 2) });
    expect(measure(run, 'latency.publish.p98 < 1s').value).toBe(Infinity);
  });

  it('counts from the intended time, so that a late generator cannot hide a wait', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal < 50) return healthy;
        const sentMs = Math.max(80, healthy.sentMs as number);
        const handlings = [{ consumer: '0.0', startMs: sentMs + 1, endMs: sentMs + 2 }];
        return { sentMs, outcomes: [{ kind: 'accepted', ms: sentMs + 1 }], handlings };
      },
    });
    expect(measure(run, 'latency.max < 1s').value).toBeCloseTo(31, 1);
    expect(measure(run, 'instrument.lag.max < 1s').value).toBeCloseTo(30, 1);
    const uncorrected = latencyOf(run, 'uncorrected');
    expect(uncorrected(50)).toBeCloseTo(1e6);
  });

  it('does not blame the generator for what the driver blocked or a pause held back', () => {
    const late = (ordinal: number, healthy: MessageStory): MessageStory => {
      if (ordinal < 50 || ordinal >= 70) return healthy;
      return {
        ...healthy,
        sentMs: 70 - 1e-3 * (70 - ordinal),
        outcomes: [{ kind: 'accepted', ms: 71 }],
        handlings: [],
      };
    };
    expect(measure(check({ story: late }), 'instrument.lag.max < 1s').value).toBeCloseTo(20, 0);
    const blocked = check({ story: late, blocked: [{ fromMs: 49.5, untilMs: 69.9 }] });
    expect(measure(blocked, 'instrument.lag.max < 1s')).toMatchObject({ value: 0, samples: 80 });
    const paused = check({
      story: late,
      overrides: {
        incidents: [
          { role: 'producer', worker: 0, incarnation: 0, kind: 'paused', fromNs: 5e9 + 49.5e6, untilNs: 5e9 + 69.9e6 },
        ],
      },
    });
    expect(measure(paused, 'instrument.lag.max < 1s')).toMatchObject({ value: 0, samples: 80 });
  });

  it('agrees with a naive quantile', () => {
    const cases = fc.tuple(
      fc.array(fc.option(fc.double({ min: 0.001, max: 60_000, noNaN: true })), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 9999 }),
    );
    fc.assert(
      fc.property(cases, ([waits, perMyriad]) => {
        const plan = constantPlan({ phases: [{ name: 'steady', durationMs: waits.length }], keys: 0 });
        const run = check({
          plan,
          story: (ordinal, healthy) => {
            const wait = waits[ordinal];
            return wait === null ? { ...healthy, handlings: [] } : handledAfter(() => wait as number)(ordinal, healthy);
          },
        });
        const sorted = waits.map((wait) => wait ?? Infinity).sort((a, b) => a - b);
        const expected = sorted[Math.ceil((perMyriad * sorted.length) / 10_000) - 1] as number;
        const { value } = measure(run, `latency.p${perMyriad / 100} < 1s`);
        if (expected === Infinity) expect(value).toBe(Infinity);
        else expect(Math.abs(value - expected)).toBeLessThanOrEqual(expected / 1000 + 0.001);
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  it('passes the stall oracle: a freeze of S in T seconds shows as S - (1 - q) T at q', () => {
    const [totalSec, freezeSec] = [20, 2];
    const frozen = [9000, 9000 + freezeSec * 1000] as const;
    const run = check({
      plan: constantPlan({ phases: [{ name: 'steady', durationMs: totalSec * 1000 }], keys: 0 }),
      story: handledAfter((_, dueMs) => (dueMs >= frozen[0] && dueMs < frozen[1] ? frozen[1] - dueMs : 0.05)),
    });
    for (const percentile of [91, 92.5, 95, 99, 99.9]) {
      const expectedMs = 1000 * (freezeSec - (1 - percentile / 100) * totalSec);
      const { value } = measure(run, `latency.p${percentile} < 1s`);
      expect(Math.abs(value / expectedMs - 1)).toBeLessThan(0.02);
    }
  });

  it('has no samples where nothing was due', () => {
    const run = check({ plan: constantPlan({ phases: [{ name: 'warmup', durationMs: 100, measure: false }] }) });
    expect(measure(run, 'latency.p99 < 1s').samples).toBe(0);
    expect(measure(run, 'latency.p99 < 1s during warmup').samples).toBe(100);
    expect(measure(run, 'latency.p99 < 1s overall').samples).toBe(100);
  });
});
