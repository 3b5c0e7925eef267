import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RetryPolicy, retryDelayMs } from '../../../../../broker/recovery/retries/retry-policy.js';

const POLICY: RetryPolicy = { maxAttempts: 5, baseMs: 50, capMs: 1_000, jitter: 'full', retryAfterCapMs: 0 };
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the pause before a retry', () => {
  it('doubles up to its cap, jittered', () => {
    const longest = [1, 2, 3, 6, 60].map((attempt) => retryDelayMs(POLICY, attempt, 0, () => 1));
    expect(longest).toEqual([50, 100, 200, 1_000, 1_000]);
    expect(retryDelayMs(POLICY, 1, 0, () => 0)).toBe(5);
  });

  it('is decorrelated from the attempt: up to three times the one before', () => {
    const decorrelated = { ...POLICY, jitter: 'decorrelated' as const };
    expect(retryDelayMs(decorrelated, 1, 0, () => 1)).toBe(50);
    expect(retryDelayMs(decorrelated, 9, 100, () => 1)).toBe(300);
    expect(retryDelayMs(decorrelated, 9, 100, () => 0)).toBe(50);
    expect(retryDelayMs(decorrelated, 9, 900, () => 1)).toBe(1_000);
  });

  it('is never shorter than a tenth of the base, nor longer than the cap', () => {
    const jitter = fc.constantFrom('full' as const, 'decorrelated' as const);
    const ms = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(jitter, ms, ms, fc.nat(100), ms, unit, (kind, baseMs, capMs, attempt, beforeMs, random) => {
        const policy = { ...POLICY, jitter: kind, baseMs, capMs };
        const delayMs = retryDelayMs(policy, attempt + 1, beforeMs, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(Math.min(baseMs, capMs) / 10);
        expect(delayMs).toBeLessThanOrEqual(capMs);
      }),
    );
  });
});
