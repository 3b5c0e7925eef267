import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhiDetector } from '../../../../../broker/groups/health/phi-detector.js';

const options = { firstIntervalMs: 500, minStdDevMs: 100 };
const intervals = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 150 });

/** A detector that has seen beats so far apart, and when it saw the last one. */
function fed(apart: readonly number[], startMs = 0): { detector: PhiDetector; lastMs: number } {
  const detector = new PhiDetector(options);
  let lastMs = startMs;
  detector.arrived(lastMs);
  for (const ms of apart) {
    lastMs += ms;
    detector.arrived(lastMs);
  }
  return { detector, lastMs };
}

describe('phi', () => {
  it('grows with the silence, whatever came before', () => {
    const silences = fc.tuple(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(intervals, silences, (apart, [a, b]) => {
        const { detector, lastMs } = fed(apart);
        const [shorter, longer] = [detector.phi(lastMs + Math.min(a, b)), detector.phi(lastMs + Math.max(a, b))];
        expect(shorter).toBeGreaterThanOrEqual(0);
        expect(longer).toBeGreaterThanOrEqual(shorter);
        expect(longer).toBeLessThan(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('is the same whatever the clock shows: only differences count', () => {
    fc.assert(
      fc.property(
        intervals,
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 0, max: 5_000 }),
        (apart, start, ms) => {
          const one = fed(apart);
          const other = fed(apart, start);
          expect(other.detector.phi(other.lastMs + ms)).toBe(one.detector.phi(one.lastMs + ms));
        },
      ),
    );
  });

  it('adapts: the more the beats vary, the less surprising is the same silence', () => {
    const phiAt = (jitterMs: number) => {
      const apart = Array.from({ length: 40 }, (_, i) => 500 + (i % 2 === 0 ? jitterMs : -jitterMs));
      const { detector, lastMs } = fed(apart);
      return detector.phi(lastMs + 1_500);
    };
    const spreads = [0, 150, 250, 350, 450].map(phiAt);
    expect(spreads).toEqual(spreads.toSorted((a, b) => b - a));
    expect(spreads[0]).toBeGreaterThan(8);
    expect(spreads[4]).toBeLessThan(3);
  });

  it('adapts to the rate: beats that come more rarely are missed later', () => {
    const often = fed(Array(20).fill(200));
    const rarely = fed(Array(20).fill(2_000));
    expect(often.detector.phi(often.lastMs + 1_500)).toBeGreaterThan(8);
    expect(rarely.detector.phi(rarely.lastMs + 1_500)).toBeLessThan(1);
  });

  it('expects nothing more exactly than it is told to', () => {
    const { detector, lastMs } = fed(Array(100).fill(500));
    expect(detector.phi(lastMs + 600)).toBeLessThan(1);
  });

  it('begins with the first estimate, and with nothing before the first beat', () => {
    const detector = new PhiDetector(options);
    expect([detector.phi(1e9), detector.silentMs(1e9)]).toEqual([0, 0]);
    detector.arrived(0);
    expect(detector.phi(500)).toBeCloseTo(Math.log10(2));
    expect(detector.phi(1_500)).toBeGreaterThan(8);
  });

  it('does not count a time in which nobody looked', () => {
    const { detector, lastMs } = fed(Array(20).fill(500));
    const before = detector.phi(lastMs + 800);
    detector.restart(lastMs + 60_000);
    expect(detector.phi(lastMs + 60_800)).toBe(before);
    detector.arrived(lastMs + 60_500);
    expect(detector.phi(lastMs + 61_300)).toBe(before);
  });
});
