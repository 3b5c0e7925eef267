import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Course, shapeOf } from '../../../../../broker/recovery/patterns/failure-shape.js';

const bins = (count: number, of: (bin: number) => number) => Array.from({ length: count }, (_, i) => of(i));
const course = (failures: readonly number[], traffic: readonly number[] = failures.map(() => 50)): Course => {
  return { failures, traffic, startMs: 0, binMs: 1_000 };
};

describe('the shape of failures in time', () => {
  it('is a burst where most are in a short time, with its bounds', () => {
    const found = shapeOf(course(bins(100, (s) => (s >= 40 && s < 50 ? 30 : s % 9 === 0 ? 1 : 0))));
    expect(found).toMatchObject({ kind: 'burst', fromMs: expect.any(Number) });
    expect(found).toSatisfy(
      ({ fromMs, untilMs }) => fromMs <= 40_000 && untilMs >= 50_000 && untilMs - fromMs <= 20_000,
    );
  });

  it('is periodic where bursts come around, with their distance, be it not the same to the second', () => {
    expect(shapeOf(course(bins(120, (s) => (s % 20 < 5 ? 30 : 0))))).toMatchObject({
      kind: 'periodic',
      periodMs: 20_000,
    });
    const starts = [1, 19, 42, 60, 79, 101, 121, 140, 159];
    const jittered = bins(180, (s) => (starts.some((start) => s >= start && s < start + 5) ? 30 : 0));
    const found = shapeOf(course(jittered));
    expect(found).toMatchObject({ kind: 'periodic' });
    expect(found).toSatisfy(({ periodMs }) => periodMs >= 18_000 && periodMs <= 22_000);
  });

  it('is growing where a growing share fails', () => {
    const found = shapeOf(course(bins(120, (s) => Math.floor(s / 10) + (s % 2))));
    expect(found).toMatchObject({ kind: 'growing' });
    expect(found).toSatisfy(({ fromShare, toShare }) => toShare > 2 * fromShare);
  });

  it('is none where the traffic alone is in bursts, periodic or growing', () => {
    const ofTraffic = (traffic: readonly number[]) =>
      shapeOf(
        course(
          traffic.map((count) => Math.round(count / 10)),
          traffic,
        ),
      );
    expect(ofTraffic(bins(120, (s) => (s >= 40 && s < 50 ? 900 : 10)))).toBeUndefined();
    expect(ofTraffic(bins(120, (s) => (s % 20 < 5 ? 400 : 20)))).toBeUndefined();
    expect(ofTraffic(bins(120, (s) => 50 + 10 * s))).toBeUndefined();
  });

  it('is none where it began at once and stays, where it is even, or where there is not enough of it', () => {
    expect(shapeOf(course(bins(180, (s) => (s >= 60 ? 20 : 0))))).toBeUndefined();
    expect(shapeOf(course(bins(180, (s) => (s >= 90 ? 6 : 1) + ((s * 7) % 3))))).toBeUndefined();
    expect(shapeOf(course(bins(120, () => 3)))).toBeUndefined();
    expect(shapeOf(course(bins(120, () => 0)))).toBeUndefined();
    expect(shapeOf(course(bins(10, (s) => (s === 5 ? 40 : 0))))).toBeUndefined();
    expect(shapeOf(course([]))).toBeUndefined();
  });

  it('is not periodic where two bursts are some time apart', () => {
    expect(shapeOf(course(bins(180, (s) => ((s >= 30 && s < 36) || (s >= 83 && s < 90) ? 40 : 0))))?.kind).not.toBe(
      'periodic',
    );
  });

  it('is none under noise, nearly always', () => {
    const noise = fc.array(fc.nat(6), { minLength: 120, maxLength: 120 });
    const shapes = fc.sample(noise, { numRuns: 300, seed: 1 }).map((counts) => shapeOf(course(counts)));
    expect(shapes.filter((shape) => shape !== undefined).length).toBeLessThanOrEqual(3);
  });
});
