import fc from 'fast-check';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram, rankOf } from '../../../../harness/ledger/latency-histogram.js';
import { bucketOf, highestIn } from '../../../../harness/ledger/log-linear.js';

function histogramOf(valuesUs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const us of valuesUs) histogram.recordNs(us * 1000);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('encodes what HdrHistogram decodes, with its percentiles', () => {
    const values = fc.array(fc.integer({ min: 1, max: 600_000_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, (us) => {
        const histogram = histogramOf(us);
        const decoded = decodeFromCompressedBase64(histogram.encode());
        expect(decoded.totalCount).toBe(us.length);
        for (const percentile of [1, 25, 50, 90, 99, 99.9, 100]) {
          expect(histogram.quantileMs(percentile / 100)).toBe(decoded.getValueAtPercentile(percentile) / 1000);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps three significant digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600_000_000 }), (us) => {
        const read = histogramOf([us]).quantileMs(1) * 1000;
        expect(read).toBeGreaterThanOrEqual(us - 1e-6);
        expect(read - us).toBeLessThanOrEqual(us / 1000);
      }),
    );
  });

  it('counts the undelivered as infinite, ends at ten minutes and begins at none', () => {
    const histogram = histogramOf([-5, 1000, 3.6e9]);
    histogram.recordNs(Infinity);
    expect([histogram.count, histogram.infinite]).toEqual([4, 1]);
    expect(histogram.quantileMs(0.25)).toBe(0);
    expect(histogram.quantileMs(0.5)).toBe(1);
    expect(histogram.quantileMs(0.75) / 600_000).toBeLessThan(1.001);
    expect(histogram.quantileMs(0.76)).toBe(Infinity);
    expect(new LatencyHistogram().quantileMs(0.5)).toBeNaN();
  });
});

describe('rankOf', () => {
  it('is ceil(qN) for every percentage, whatever the rounding of the product', () => {
    const wrong: [number, number][] = [];
    for (let count = 1; count <= 2000; count++) {
      for (let percent = 1; percent <= 100; percent++) {
        if (rankOf(percent / 100, count) !== Math.floor((percent * count + 99) / 100)) wrong.push([percent, count]);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('log-linear buckets', () => {
  it('cover all whole numbers without a gap', () => {
    const wrong: [number, number][] = [];
    for (const bits of [3, 8, 10]) {
      let bucket = 0;
      for (let value = 0; value < 50_000; value++) {
        const own = bucketOf(value, bits);
        const isNext = own === bucket + 1 && highestIn(bucket, bits) === value - 1;
        if (own !== bucket && !isNext) wrong.push([bits, value]);
        bucket = own;
      }
    }
    expect(wrong).toEqual([]);
  });
});
