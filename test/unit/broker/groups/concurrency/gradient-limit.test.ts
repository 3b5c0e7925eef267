import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GradientLimit } from '../../../../../broker/groups/concurrency/gradient-limit.js';
import { seededRandom } from '../../../../../harness/random.js';
import { type HandlerModel, runHandlers } from '../../../../fixtures/handler-model.js';

const seed = fc.integer({ min: 0, max: 1_000_000 });
const serviceMs = fc.integer({ min: 10, max: 50 });
/** Between none and exponential. */
const noise = fc.double({ min: 0, max: 1, noNaN: true });

/** So many handlings that the limit has come round, whatever it was to begin with. */
const longFor = ({ serviceMs: ms, knee }: HandlerModel) => Math.max(40_000, ms * Math.max(1_000, 40_000 / knee));

function settled(model: HandlerModel, initial: number, from: number) {
  const limit = new GradientLimit({ min: 1, max: 256, initial }, 0);
  const forMs = longFor(model);
  const run = runHandlers(limit, model, { forMs }, seededRandom(from, 'handlers'));
  return { ...run, usage: (2 * run.handled * model.serviceMs) / (forMs * model.knee) };
}

describe('an adaptive limit', () => {
  it('comes near the number of handlers that do not wait for each other, from above and from below', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 64 }),
        serviceMs,
        noise,
        fc.integer({ min: 1, max: 64 }),
        seed,
        (...given) => {
          const [knee, ms, spread, initial, from] = given;
          const { meanLimit, usage } = settled({ knee, serviceMs: ms, noise: spread }, initial, from);
          expect(meanLimit).toBeGreaterThan(0.85 * knee);
          expect(meanLimit).toBeLessThan(2.25 * knee + 8);
          expect(usage).toBeGreaterThan(0.8);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('does not creep up while a backlog fills it for long', () => {
    const limit = new GradientLimit({ min: 1, max: 10_000, initial: 16 }, 0);
    const model = { knee: 16, serviceMs: 50, noise: 0.5 };
    const { mostLimit } = runHandlers(limit, model, { forMs: 2_000_000 }, seededRandom(1, 'handlers'));
    expect(mostLimit).toBeLessThan(40);
  });

  it('does not fall to its least because handlings vary', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 64 }), seed, (knee, from) => {
        const { leastLimit } = settled({ knee, serviceMs: 20, noise: 1 }, 32, from);
        expect(leastLimit).toBeGreaterThan(knee / 2);
      }),
      { numRuns: 10 },
    );
  });

  it('does not grow while messages come too seldom to use it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 64 }), noise, seed, (initial, spread, from) => {
        const limit = new GradientLimit({ min: 1, max: 256, initial }, 0);
        const model = { knee: 256, serviceMs: 20, noise: spread, ratePerSec: 20 };
        expect(
          runHandlers(limit, model, { forMs: 120_000 }, seededRandom(from, 'handlers')).mostLimit,
        ).toBeLessThanOrEqual(initial);
      }),
      { numRuns: 10 },
    );
  });

  it('follows what handlers need: twice as long for a reason that is not their number changes little', () => {
    const limit = new GradientLimit({ min: 1, max: 256, initial: 16 }, 0);
    const random = seededRandom(3, 'handlers');
    const limitWith = (knee: number, ms: number, fromMs: number) =>
      runHandlers(limit, { knee, serviceMs: ms, noise: 0.5 }, { fromMs, forMs: 200_000 }, random).meanLimit;
    const before = limitWith(32, 20, 0);
    const after = limitWith(32, 40, 200_000);
    expect(Math.abs(after - before) / before).toBeLessThan(0.25);
    // Most of what they call is gone.
    expect(limitWith(8, 40, 400_000)).toBeLessThan(20);
  });

  it('does not take failures at once for a service that has become fast, and knows a time-out for a slow one', () => {
    const limit = new GradientLimit({ min: 1, max: 256, initial: 16 }, 0);
    const random = seededRandom(5, 'handlers');
    const limitWith = (failing: number, fromMs: number) =>
      runHandlers(limit, { knee: 16, serviceMs: 20, noise: 0.5, failing }, { fromMs, forMs: 120_000 }, random);
    const sound = limitWith(0, 0);
    expect(limitWith(0.3, 120_000).leastLimit).toBeGreaterThan(sound.leastLimit * 0.75);
    const before = limit.lasting;
    for (let i = 0; i < 500; i++) limit.returned(1_000, before, true, 240_000 + 10 * i);
    expect(limit.lasting).toBeLessThan(before);
  });

  it('keeps healthy handlers going, whatever number below the maximum hangs for ever', () => {
    const hanging = fc.integer({ min: 1, max: 63 });
    fc.assert(
      fc.property(
        hanging,
        fc.integer({ min: 1, max: 32 }),
        fc.integer({ min: 3, max: 16 }),
        noise,
        seed,
        (...given) => {
          const [hung, initial, knee, spread, from] = given;
          const limit = new GradientLimit({ min: 1, max: 64, initial }, 0);
          const model = { knee, serviceMs: 20, noise: spread, hanging: hung };
          const forMs = 400_000;
          const { handled, longestGapMs } = runHandlers(limit, model, { forMs }, seededRandom(from, 'handlers'));
          const enough = (Math.min(knee, 64 - hung) * forMs) / 2 / model.serviceMs;
          expect(handled).toBeGreaterThan(0.7 * enough);
          // At the most until the first ones are overdue, before anything is known of what they take.
          expect(longestGapMs).toBeLessThan(40_000);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('gives up a probe that too few return from, and not one that is only slow', () => {
    const probed = (returning: number) => {
      const limit = new GradientLimit({ min: 1, max: 16, initial: 16 }, 0);
      let nowMs = 0;
      for (; limit.now(nowMs, 0) === limit.lasting; nowMs += 50) limit.returned(100, 16, false, nowMs);
      const [startMs, low] = [nowMs, limit.now(nowMs, 0)];
      // Of `low` handlers so many return, each after 100 ms.
      while (limit.now(nowMs, 0) === low) {
        nowMs += 100 / Math.max(returning, 0.2);
        if (returning > 0) limit.returned(100, low, false, nowMs);
      }
      return { tookMs: nowMs - startMs, low };
    };
    // Two rounds of handlers to forget those of before, and four to see what they take.
    expect(probed(8)).toEqual({ tookMs: 600, low: 8 });
    expect(probed(4)).toEqual({ tookMs: 1_200, low: 8 });
    for (const returning of [0, 1]) expect(probed(returning).tookMs).toBe(1_000);
  });

  it('keeps within its bounds, whatever it is told', () => {
    const told = fc.record({
      serviceMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true })),
      inFlight: fc.nat(1_000),
      failed: fc.boolean(),
      passedMs: fc.nat(1_000),
    });
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(100))
      .map(([min, more]) => ({ min, max: min + more }));
    fc.assert(
      fc.property(bounds, fc.array(told, { maxLength: 500 }), ({ min, max }, handlings) => {
        const limit = new GradientLimit({ min, max, initial: min }, 0);
        let nowMs = 0;
        for (const one of handlings) {
          nowMs += one.passedMs;
          limit.returned(one.serviceMs, one.inFlight, one.failed, nowMs);
          for (const value of [limit.now(nowMs, 0), limit.now(nowMs, one.inFlight), limit.lasting]) {
            expect(Number.isInteger(value) && value >= min && value <= max).toBe(true);
          }
        }
      }),
    );
  });
});
