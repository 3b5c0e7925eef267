import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../../../broker/broker-error.js';
import { resolveRetryOptions } from '../../../../../broker/recovery/retries/retry-options.js';

describe('options of retries', () => {
  it('have defaults, each by itself, and can be switched off', () => {
    expect(resolveRetryOptions({ breaker: { openMs: 5 }, retryBudget: { ratio: 1 } })).toMatchObject({
      breaker: { openMs: 5, failureRatio: 0.5, minimumHandlings: 20, windowMs: 10_000, maxOpenMs: 30_000 },
      budget: { ratio: 1, minPerSecond: 10 },
    });
    const off = resolveRetryOptions({ breaker: false, retryBudget: false });
    expect([off.breaker, off.budget]).toEqual([undefined, undefined]);
    expect(resolveRetryOptions({ retryBaseMs: 60_000 }).policy.capMs).toBe(60_000);
  });

  it.each([
    [{ retryJitter: 'none' }, /^retryJitter 'none': 'full' or 'decorrelated'/],
    [{ dependencyOf: 'payments' }, /^dependencyOf: a function is needed, not string/],
    [{ breaker: true }, /^breaker true: false, or an object of failureRatio, /],
    [{ breaker: { ratio: 1 } }, /^breaker\.ratio: there are failureRatio, /],
    [{ breaker: { failureRatio: 0 } }, /^breaker\.failureRatio 0: a number above 0/],
    [{ breaker: { failureRatio: 2 } }, /^breaker\.failureRatio 2/],
    [{ breaker: { minimumHandlings: 0 } }, /^breaker\.minimumHandlings 0/],
    [{ breaker: { openMs: 10, maxOpenMs: 5 } }, /^breaker\.maxOpenMs 5: a number of at least 10/],
    [{ retryBudget: { ratio: -1 } }, /^retryBudget\.ratio -1/],
    [{ retryBudget: { minPerSecond: 0 } }, /^retryBudget\.minPerSecond 0: a number of at least 0\.1/],
    [{ maxWaitingPerKey: -1 }, /^maxWaitingPerKey -1/],
    [{ retryAfterCapMs: -1 }, /^retryAfterCapMs -1/],
    [{ maxAttempts: 0 }, /^maxAttempts 0/],
  ])('are refused with what is expected: %o', (options, expected) => {
    const attempt = () => resolveRetryOptions(options as never);
    expect(attempt).toThrow(BrokerError);
    expect(attempt).toThrow(expected);
  });
});
