import { describe, expect, it } from 'vitest';
import { resolveSubscribeOptions } from '../../../../broker/groups/subscription-options.js';

describe('options of a subscription', () => {
  it('have defaults', () => {
    expect(resolveSubscribeOptions({})).toMatchObject({
      memberId: undefined,
      sessionTimeoutMs: 10_000,
      concurrency: 16,
      ordering: 'key',
      lease: { durationMs: 2_000, renewMs: 500, stopMs: 1_400 },
      retry: { maxAttempts: 5, baseMs: 50, capMs: 1_000 },
    });
  });

  it.each([
    [{ memberId: 'a b' }, "member 'a b'"],
    [{ sessionTimeoutMs: 1_999 }, 'sessionTimeoutMs 1999'],
    [{ startAt: 'newest' as 'latest' }, "startAt 'newest'"],
    [{ startAt: { sinceMs: 0 } }, 'startAt { sinceMs: 0 }'],
    [{ concurrency: 0 }, 'concurrency 0'],
    [{ ordering: 'total' as 'key' }, `ordering 'total'`],
    [{ retryBaseMs: -1 }, 'retryBaseMs -1'],
  ])('are refused where they make no sense: %o', (options, text) => {
    expect(() => resolveSubscribeOptions(options)).toThrow(text);
  });

  it.each([
    { leaseRenewMs: 1_400 },
    { leaseStopMs: 2_000 },
    { leaseDurationMs: 1_000 },
    { leaseRenewMs: 0 },
    { leaseDurationMs: Number.POSITIVE_INFINITY },
    { leaseStopMs: Number.NaN },
  ])('say once how the times of a lease have to relate: %o', (options) => {
    expect(() => resolveSubscribeOptions(options)).toThrow(/leaseRenewMs .*, leaseStopMs .*, leaseDurationMs .*: each/);
  });
});
