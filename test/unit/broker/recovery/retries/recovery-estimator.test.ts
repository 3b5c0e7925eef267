import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecoveryEstimator } from '../../../../../broker/recovery/retries/recovery-estimator.js';

/** Outages one after another, each from its first failure to the first message that is handled. */
function learned(tookMs: readonly number[], estimator = new RecoveryEstimator()): RecoveryEstimator {
  let nowMs = 0;
  for (const ms of tookMs) {
    estimator.onFailure('f', nowMs);
    estimator.onFailure('f', nowMs + ms / 2);
    estimator.onRecovery('f', nowMs + ms);
    nowMs += ms + 1_000;
  }
  return estimator;
}

describe('how long recovery takes', () => {
  it('is not known before there were two outages', () => {
    expect(learned([]).estimateMs('f')).toBeUndefined();
    expect(learned([5_000]).estimateMs('f')).toBeUndefined();
    expect(learned([5_000, 6_000]).estimateMs('f')).toBe(5_000);
    expect(learned([5_000, 6_000]).estimateMs('other')).toBeUndefined();
  });

  it('is the lower quartile of the latest sixteen, between the shortest and the longest of them', () => {
    const tookMs = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(tookMs, (all) => {
        const latest = all.slice(-16).toSorted((a, b) => a - b);
        expect(learned(all).estimateMs('f')).toBe(latest[Math.floor((latest.length - 1) / 4)]);
      }),
    );
  });

  it('is learned anew when it changes', () => {
    const estimator = learned(Array(16).fill(1_000));
    learned(Array(16).fill(30_000), estimator);
    expect(estimator.estimateMs('f')).toBe(30_000);
  });

  it('is what is left of it in an outage of now, and nothing where that lasts longer, or there is none', () => {
    const estimator = learned([10_000, 10_000]);
    expect(estimator.remainingMs('f', 50_000)).toBe(0);
    estimator.onFailure('f', 50_000);
    expect(estimator.remainingMs('f', 54_000)).toBe(6_000);
    expect(estimator.remainingMs('f', 61_000)).toBe(0);
  });

  it('takes failures that are far apart for two outages', () => {
    const estimator = learned([10_000, 10_000]);
    estimator.onFailure('f', 100_000);
    estimator.onFailure('f', 10_000_000);
    expect(estimator.remainingMs('f', 10_000_000)).toBe(10_000);
  });

  it('is known of the 1,024 causes that failed last', () => {
    const estimator = learned([10_000, 10_000]);
    for (let i = 0; i < 1_024; i++) estimator.onFailure(`c${i}`, 100_000);
    expect(estimator.estimateMs('f')).toBeUndefined();
  });
});
