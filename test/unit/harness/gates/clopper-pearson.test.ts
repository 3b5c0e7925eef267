import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearson, regularizedBeta } from '../../../../harness/gates/clopper-pearson.js';

/** P(X <= x) of a binomial distribution, summed in logarithms. */
function binomialCdf(x: number, n: number, p: number): number {
  let logChoose = 0;
  let sum = 0;
  for (let k = 0; k <= x; k++) {
    if (k > 0) logChoose += Math.log(n - k + 1) - Math.log(k);
    sum += Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
  }
  return sum;
}

describe('clopperPearson', () => {
  it('needs 2,995 messages without a loss to claim 99.9 % at 95 %', () => {
    expect(clopperPearson(2995, 2995, 0.95)[0]).toBeGreaterThanOrEqual(0.999);
    expect(clopperPearson(2994, 2994, 0.95)[0]).toBeLessThan(0.999);
    expect(clopperPearson(2995, 2995, 0.95)[1]).toBe(1);
  });

  it('knows its bounds for no and for all successes in closed form', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000_000 }),
        fc.double({ min: 0.5, max: 0.999, noNaN: true }),
        (n, level) => {
          expect(clopperPearson(0, n, level)[1]).toBeCloseTo(-Math.expm1(Math.log1p(-level) / n), 9);
          expect(clopperPearson(n, n, level)[0]).toBeCloseTo(Math.exp(Math.log1p(-level) / n), 9);
        },
      ),
    );
  });

  it('agrees with tables: 95 % two-sided of 8 in 20 and 1 in 10', () => {
    const [low, high] = clopperPearson(8, 20, 0.975);
    expect(low).toBeCloseTo(0.19119, 5);
    expect(high).toBeCloseTo(0.63946, 5);
    const [lowest, highest] = clopperPearson(1, 10, 0.975);
    expect(lowest).toBeCloseTo(0.00253, 5);
    expect(highest).toBeCloseTo(0.44502, 5);
  });

  it('gives the binomial tails their level', () => {
    const case_ = fc
      .integer({ min: 2, max: 400 })
      .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n - 1 })));
    fc.assert(
      fc.property(case_, ([n, x]) => {
        const [low, high] = clopperPearson(x, n, 0.95);
        expect(1 - binomialCdf(x - 1, n, low)).toBeCloseTo(0.05, 6);
        expect(binomialCdf(x, n, high)).toBeCloseTo(0.05, 6);
      }),
    );
  });

  it('claims nothing without trials', () => {
    expect(clopperPearson(0, 0, 0.95)).toEqual([0, 1]);
  });
});

describe('regularizedBeta', () => {
  it('is symmetric and grows with x', () => {
    const positive = fc.double({ min: 0.1, max: 1e5, noNaN: true });
    const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(share, positive, positive, (x, a, b) => {
        expect(regularizedBeta(x, a, b) + regularizedBeta(1 - x, b, a)).toBeCloseTo(1, 9);
        expect(regularizedBeta(x * 1.001, a, b)).toBeGreaterThanOrEqual(regularizedBeta(x, a, b) - 1e-9);
      }),
    );
  });
});
