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
      retry: { policy: { maxAttempts: 5, baseMs: 50, capMs: 30_000, jitter: 'full' } },
      poison: { maxKills: 2, hangingMs: Infinity, onHang: 'warn', poisonConsumers: 2, maxMessageBytes: Infinity },
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
    [{ maxKills: 0 }, 'maxKills 0'],
    [{ poisonConsumers: 1 }, 'poisonConsumers 1'],
    [{ hangingMs: 0 }, 'hangingMs 0'],
    [{ onHang: 'kill' as 'warn' }, "onHang 'kill'"],
    [{ onHang: 'quarantine' as const }, 'Give hangingMs'],
    [{ maxMessageBytes: 1.5 }, 'maxMessageBytes 1.5'],
  ])('are refused where they make no sense: %o', (options, text) => {
    expect(() => resolveSubscribeOptions(options)).toThrow(text);
  });

  it.each([
    [{ leaseRenewMs: 1_400 }, 'leaseRenewMs 1400: below leaseStopMs (1400), since an owner'],
    [{ leaseStopMs: 400 }, 'leaseRenewMs 500: below leaseStopMs (400)'],
    [{ leaseStopMs: 2_000 }, 'leaseStopMs 2000: below leaseDurationMs (2000), since another member'],
    [{ leaseDurationMs: 1_000 }, 'leaseStopMs 1400: below leaseDurationMs (1000)'],
    [{ leaseDurationMs: 300, leaseRenewMs: 50 }, 'lower leaseStopMs, or raise leaseDurationMs'],
    [{ leaseRenewMs: 0 }, 'leaseRenewMs 0: a number of at least 1'],
    [{ leaseDurationMs: Number.POSITIVE_INFINITY }, 'leaseDurationMs Infinity: at most 2147483647'],
    [{ leaseStopMs: Number.NaN }, 'leaseStopMs NaN: a number'],
    [{ leaseRenewMs: '100' as unknown as number }, 'leaseRenewMs 100: a number'],
    [{ sessionTimeoutMs: 1_999 }, 'sessionTimeoutMs 1999: at least leaseDurationMs (2000)'],
    [{ leaseDurationMs: 20_000, sessionTimeoutMs: 15_000 }, 'raise sessionTimeoutMs, or lower the times of the lease'],
    [{ closeTimeoutMs: Number.POSITIVE_INFINITY }, 'closeTimeoutMs Infinity: at most 2147483647'],
  ])('say which time of a lease or a session does not go with which: %o', (options, text) => {
    expect(() => resolveSubscribeOptions(options)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(text) }),
    );
  });

  it('give a seat as long as its leases where those are long', () => {
    expect(resolveSubscribeOptions({ leaseDurationMs: 60_000 }).sessionTimeoutMs).toBe(60_000);
  });
});
