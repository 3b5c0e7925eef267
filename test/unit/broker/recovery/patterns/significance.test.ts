import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chernoffTail,
  confidenceOf,
  fisherTail,
  normalTail,
} from '../../../../../broker/recovery/patterns/significance.js';

describe('the tests of significance', () => {
  it('agree with what is known: the lady who tasted tea', () => {
    expect(fisherTail(4, 4, 0, 4)).toBeCloseTo(1 / 70, 10);
    expect(fisherTail(3, 4, 1, 4)).toBeCloseTo(17 / 70, 10);
  });

  it('are exact for large samples too: P of at least a and of at most a - 1 are 1 together', () => {
    const n = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(n, n, fc.nat(400), fc.nat(400), (n1, n2, x, y) => {
        const [a, b] = [Math.min(x, n1), Math.min(y, n2)];
        fc.pre(a >= 1);
        // At most a - 1 in the first is at least b + 1 in the second.
        const rest = b + 1 > n2 ? 0 : fisherTail(b + 1, n2, a - 1, n1);
        expect(fisherTail(a, n1, b, n2) + rest).toBeCloseTo(1, 6);
      }),
    );
  });

  it('bound what they bound', () => {
    // 10 heads of 10, and 2.33 deviations.
    expect(chernoffTail(10, 1, 0.5)).toBeCloseTo(0.5 ** 10, 10);
    expect(normalTail(2.33)).toBeGreaterThan(0.0099);
    expect([chernoffTail(0, 1, 0.5), chernoffTail(5, 0.5, 0.5), chernoffTail(5, 0.5, 0), normalTail(-1)]).toEqual([
      1, 1, 0, 1,
    ]);
  });

  it('say less the more there was to choose from, and the longer it is looked at', () => {
    expect(confidenceOf(0.001, 1, 1)).toBeCloseTo(0.999, 10);
    expect(confidenceOf(0.001, 10, 1)).toBeCloseTo(0.99, 10);
    expect(confidenceOf(0.001, 10, 8)).toBeCloseTo(0.96, 10);
    expect(confidenceOf(0.5, 10, 8)).toBe(0);
  });
});
