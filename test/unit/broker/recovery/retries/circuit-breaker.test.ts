import { CircuitState, SamplingBreaker } from 'cockatiel';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BreakerOptions, CircuitBreaker } from '../../../../../broker/recovery/retries/circuit-breaker.js';

const OPTIONS: BreakerOptions = {
  failureRatio: 0.5,
  minimumHandlings: 10,
  windowMs: 10_000,
  openMs: 1_000,
  maxOpenMs: 4_000,
};

function breakerOf(options: Partial<BreakerOptions> = {}): CircuitBreaker {
  return new CircuitBreaker({ ...OPTIONS, ...options }, () => 0, 0);
}

function opened(options: Partial<BreakerOptions> = {}): CircuitBreaker {
  const breaker = breakerOf(options);
  breaker.count(0, 10, 0);
  return breaker;
}

afterEach(() => void vi.useRealTimers());

describe('a circuit breaker', () => {
  it('opens where enough of enough handlings fail, and not before', () => {
    const breaker = breakerOf();
    expect(breaker.count(0, 9, 0)).toBe(false);
    expect(breaker.count(0, 1, 0)).toBe(true);
    expect([breaker.state, breaker.untilMs]).toEqual(['open', 1_000]);
  });

  it('stays closed where less than its share fails, or it was long ago', () => {
    const few = breakerOf();
    expect(few.count(60, 40, 0)).toBe(false);
    expect(few.failureRatio(0)).toBe(0.4);
    const old = breakerOf();
    old.count(0, 9, 0);
    expect(old.count(0, 1, 10_000)).toBe(false);
    expect(old.failureRatio(10_000)).toBe(1);
  });

  it('is half-open when its time is over, and closes with a probe that succeeds, without a memory of before', () => {
    const breaker = opened();
    expect(breaker.look(999)).toBe(false);
    expect(breaker.look(1_000)).toBe(true);
    breaker.beginProbe();
    expect([breaker.state, breaker.isProbing]).toEqual(['half-open', true]);
    breaker.endProbe(false, 1_100);
    expect([breaker.state, breaker.failureRatio(1_100)]).toEqual(['closed', 0]);
    expect(breaker.count(0, 9, 1_200)).toBe(false);
  });

  it('opens again for twice as long with each probe that fails, up to its bound, and begins anew after one that succeeds', () => {
    const breaker = opened();
    const openMs: number[] = [];
    for (let probes = 0; probes < 4; probes++) {
      const atMs = breaker.untilMs;
      breaker.look(atMs);
      breaker.beginProbe();
      breaker.endProbe(probes < 3, atMs);
      openMs.push(breaker.untilMs - atMs);
    }
    expect(openMs.slice(0, 3)).toEqual([2_000, 4_000, 4_000]);
    breaker.count(0, 10, 50_000);
    expect(breaker.untilMs).toBe(51_000);
  });

  it('ignores what ends while it is not closed, and a probe that ends late', () => {
    const breaker = opened();
    expect(breaker.count(0, 100, 10)).toBe(false);
    breaker.endProbe(false, 20);
    expect(breaker.state).toBe('open');
  });

  it('takes only the transitions that there are, whatever happens', () => {
    const event = fc.record({
      passMs: fc.nat(2_000),
      what: fc.constantFrom('handled', 'failed', 'look', 'begin', 'end-well', 'end-badly', 'abandon'),
    });
    const legal = new Set(['closed>open', 'open>half-open', 'half-open>open', 'half-open>closed']);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (events, random) => {
        const breaker = new CircuitBreaker(OPTIONS, () => random, 0);
        let nowMs = 0;
        for (const { passMs, what } of events) {
          nowMs += passMs;
          const before = breaker.state;
          if (what === 'handled') breaker.count(1, 0, nowMs);
          else if (what === 'failed') breaker.count(0, 5, nowMs);
          else if (what === 'look') breaker.look(nowMs);
          else if (what === 'begin' && before === 'half-open' && !breaker.isProbing) breaker.beginProbe();
          else if (what === 'abandon') breaker.abandonProbe();
          else if (what.startsWith('end') && breaker.isProbing) breaker.endProbe(what === 'end-badly', nowMs);
          if (breaker.state !== before) expect(legal).toContain(`${before}>${breaker.state}`);
          if (breaker.isProbing) expect(breaker.state).toBe('half-open');
          if (breaker.state === 'open') expect(breaker.untilMs - breaker.sinceMs).toBeLessThanOrEqual(4_000);
        }
      }),
    );
  });

  it('opens when the sampling breaker of cockatiel does, where handlings come all the time', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    fc.assert(
      fc.property(
        fc.array(fc.nat(99), { minLength: 50, maxLength: 400 }),
        fc.integer({ min: 5, max: 95 }),
        (rolls, share) => {
          vi.setSystemTime(1_000_000);
          const theirs = new SamplingBreaker({ threshold: 0.501, duration: 10_000, minimumRps: 1 });
          const ours = new CircuitBreaker({ ...OPTIONS, failureRatio: 0.501 }, () => 0, 1_000_000);
          for (const [i, roll] of rolls.entries()) {
            // Four in each slice: both begin a slice at the same time.
            const nowMs = 1_000_000 + i * 250;
            vi.setSystemTime(nowMs);
            const isFailure = roll < share;
            if (!isFailure) theirs.success(CircuitState.Closed);
            const theirVerdict = isFailure && theirs.failure(CircuitState.Closed);
            const ourVerdict = ours.count(isFailure ? 0 : 1, isFailure ? 1 : 0, nowMs);
            expect(ourVerdict).toBe(theirVerdict);
            if (ourVerdict) return;
          }
        },
      ),
    );
  });
});
