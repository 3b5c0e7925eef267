import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lease, type LeaseRow } from '../../../../broker/groups/lease.js';

const STOP_MS = 1_400;
const row: LeaseRow = { owner: 'other', token: '7', count: '3', durationMs: 2_000 };

describe('the lease of an owner', () => {
  it('counts from the moment at which it sent what was confirmed', () => {
    const lease = new Lease(STOP_MS);
    expect([lease.phase(0), lease.request(0)]).toEqual(['unknown', { kind: 'acquire', expected: undefined }]);
    lease.onAcquired('8');
    expect([lease.phase(500), lease.isHeld(500)]).toEqual(['acquiring', false]);
    lease.onConfirmed('8', 100);
    expect([lease.phase(1_499), lease.isHeld(1_499)]).toEqual(['held', true]);
    expect([lease.phase(1_500), lease.isHeld(1_500)]).toEqual(['stopped', false]);
    expect(lease.request(1_500)).toEqual({ kind: 'renew', token: '8' });
    lease.onConfirmed('8', 1_600);
    expect(lease.isHeld(2_999)).toBe(true);
  });

  it('is not prolonged by what an earlier token or a late reply confirms', () => {
    const lease = new Lease(STOP_MS);
    lease.onAcquired('8');
    lease.onConfirmed('7', 100);
    expect(lease.phase(200)).toBe('acquiring');
    lease.onConfirmed('8', 1_000);
    lease.onConfirmed('8', 500);
    expect(lease.isHeld(2_399)).toBe(true);
    lease.onForeign(row, 1_100);
    expect([lease.phase(1_100), lease.isHeld(1_100)]).toEqual(['watching', false]);
    lease.onConfirmed('8', 1_050);
    expect(lease.isHeld(1_100)).toBe(false);
  });

  it('survives a reconnect, and no other history', () => {
    const lease = new Lease(STOP_MS);
    lease.onAcquired('8');
    lease.onConfirmed('8', 0);
    lease.onDisconnected();
    expect(lease.phase(1)).toBe('held');
    lease.reset();
    expect([lease.phase(1), lease.isHeld(1), lease.token]).toEqual(['unknown', false, undefined]);
  });
});

describe('the lease of a challenger', () => {
  it('may be taken over once the row was seen unchanged for its whole duration', () => {
    const lease = new Lease(STOP_MS);
    lease.onForeign(row, 100);
    lease.onForeign(row, 1_900);
    expect([lease.phase(2_100), lease.takeoverAtMs]).toEqual(['watching', 2_100]);
    expect(lease.request(2_100)).toEqual({ kind: 'acquire', expected: undefined });
    expect(lease.request(2_101)).toEqual({ kind: 'acquire', expected: row });
  });

  it.each([
    ['a renewal', { ...row, count: '4' }],
    ['another tenure of the owner', { ...row, token: '8', count: '3' }],
    ['another owner', { ...row, owner: 'third' }],
  ])('starts anew after %s', (_, changed) => {
    const lease = new Lease(STOP_MS);
    lease.onForeign(row, 0);
    lease.onForeign(changed, 1_500);
    expect(lease.request(3_500)).toEqual({ kind: 'acquire', expected: undefined });
    expect(lease.request(3_501)).toEqual({ kind: 'acquire', expected: changed });
  });

  it('starts anew after a reconnect', () => {
    const lease = new Lease(STOP_MS);
    lease.onForeign(row, 0);
    lease.onDisconnected();
    expect([lease.phase(5_000), lease.request(5_000)]).toEqual(['unknown', { kind: 'acquire', expected: undefined }]);
    lease.onForeign(row, 5_000);
    expect(lease.takeoverAtMs).toBe(7_000);
  });
});

/** A row as acquire.lua and renew.lua keep it. */
class StoredRow {
  owner = '';
  token = 0;
  count = 0;

  get seen(): LeaseRow {
    return { owner: this.owner, token: String(this.token), count: String(this.count), durationMs: 2_000 };
  }

  acquire(owner: string, expected: LeaseRow | undefined): boolean {
    const isExpected = expected?.token === String(this.token) && expected.count === String(this.count);
    if (this.owner !== '' && this.owner !== owner && !isExpected) return false;
    [this.owner, this.token, this.count] = [owner, this.token + 1, 0];
    return true;
  }

  renew(owner: string, token: string): boolean {
    if (this.owner !== owner || String(this.token) !== token) return false;
    this.count++;
    return true;
  }
}

/** What a member does next, and how long the server, and the reply, take for it. */
const step = fc.record({
  member: fc.nat(2),
  pauseMs: fc.nat(1_500),
  toServerMs: fc.nat(1_200),
  toMemberMs: fc.nat(1_200),
  isLost: fc.boolean(),
});

describe('any number of members', () => {
  it('never hold one lease at the same time, whatever is delayed or lost', () => {
    let takeovers = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const stored = new StoredRow();
        const leases = [0, 1, 2].map(() => new Lease(STOP_MS));
        const events: { readonly atMs: number; readonly run: () => void }[] = [];
        const readyMs = [0, 0, 0];
        const heldIntervals: { readonly member: number; readonly token: string; fromMs: number; untilMs: number }[] =
          [];
        for (const { member, pauseMs, toServerMs, toMemberMs, isLost } of steps) {
          const lease = leases[member]!;
          const sentMs = readyMs[member]! + pauseMs;
          const servedMs = sentMs + toServerMs;
          const receivedMs = servedMs + toMemberMs;
          readyMs[member] = receivedMs;
          let request: ReturnType<Lease['request']>;
          let reply: () => void = () => {};
          events.push({
            atMs: sentMs,
            run: () => {
              request = lease.request(sentMs);
            },
          });
          events.push({
            atMs: servedMs,
            run: () => {
              const name = `m${member}`;
              if (request.kind === 'renew') {
                const { token } = request;
                const renewed = stored.renew(name, token);
                reply = () => (renewed ? lease.onConfirmed(token, sentMs) : lease.reset());
                return;
              }
              const isTakeover = stored.owner !== '' && stored.owner !== name;
              if (!stored.acquire(name, request.expected)) {
                const { seen } = stored;
                reply = () => lease.onForeign(seen, receivedMs);
                return;
              }
              if (isTakeover) takeovers++;
              const token = String(stored.token);
              reply = () => {
                lease.onAcquired(token);
                lease.onConfirmed(token, sentMs);
              };
            },
          });
          events.push({
            atMs: receivedMs,
            run: () => {
              if (isLost) lease.onDisconnected();
              else reply();
              const { token } = lease;
              if (token === undefined || !lease.isHeld(receivedMs)) return;
              heldIntervals.push({ member, token, fromMs: receivedMs, untilMs: sentMs + STOP_MS });
            },
          });
        }
        // Stable: what one member does stays in its order.
        for (const { run } of events.sort((a, b) => a.atMs - b.atMs)) run();
        for (const one of heldIntervals) {
          for (const other of heldIntervals) {
            if (one.member === other.member) continue;
            expect(one.fromMs >= other.untilMs || other.fromMs >= one.untilMs).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(takeovers).toBeGreaterThan(10);
  });
});
