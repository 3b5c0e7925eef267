import fc from 'fast-check';
import { HistogramLogReader, listTags } from 'hdr-histogram-js';
import { describe, expect, test } from 'vitest';
import { percentileCurve, quantileMs, renderHgrm, renderHlog } from '../../../reports/hdr.js';
import { histogram, latency, sampleResults } from '../../fixtures/results.js';

const results = sampleResults({ verdict: 'fail' });

describe('.hlog', () => {
  const text = renderHlog(results, 'e2e');

  test('starts with format, start time and legend, and holds no blank line', () => {
    expect(text).toContain('#[Histogram log format version 1.3]\n');
    expect(text).toContain('#[StartTime: 1795477145.120 (seconds since epoch)');
    expect(text).toContain('"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n');
    expect(text).not.toMatch(/\n\n/);
  });

  test('reads back as one tagged histogram a phase', () => {
    expect(listTags(text)).toEqual(['warmup', 'steady', 'trouble', 'after']);
    const reader = new HistogramLogReader(text);
    for (const phase of results.phases) {
      const read = reader.nextIntervalHistogram()!;
      expect(read.tag).toBe(phase.name);
      expect(read.totalCount).toBe(phase.e2e.summary.count);
      expect(read.getValueAtPercentile(99) / 1000).toBe(phase.e2e.summary.p99);
      expect(read.endTimeStampMsec - read.startTimeStampMsec).toBeCloseTo(phase.endMs - phase.startMs, 3);
    }
    expect(reader.nextIntervalHistogram()).toBeNull();
  });

  test('a hostile phase name stays one tag on one line', () => {
    const phase = { ...results.phases[0]!, name: 'a,b\n#[x "<' };
    const hostile = renderHlog({ ...results, phases: [phase] }, 'publish');
    expect(listTags(hostile)).toEqual(['a_b___x___']);
    expect(new HistogramLogReader(hostile).nextIntervalHistogram()?.totalCount).toBe(phase.publish.summary.count);
  });
});

describe('.hgrm', () => {
  const text = renderHgrm(results, 'e2e');

  test('is in milliseconds and ends at the highest value', () => {
    const rows = [...text.matchAll(/^ *([\d.]+) ([\d.]+) +(\d+)/gm)].map((row) => row.slice(1).map(Number));
    expect(rows.at(-1)![1]).toBe(1);
    expect(rows.at(-1)![2]).toBe(results.overall.e2e.summary.count);
    const median = rows.find(([, percentile]) => percentile === 0.5)!;
    expect(median[0]).toBeCloseTo(results.overall.e2e.summary.p50!, 2);
  });

  test('says what it leaves out', () => {
    expect(text).toContain('#[Undelivered = 37, not part of this distribution]');
    expect(renderHgrm(sampleResults(), 'e2e')).not.toContain('Undelivered');
  });
});

describe('percentiles with undelivered messages as infinite', () => {
  test('agree with the ceil(qN)-th of the values themselves', () => {
    const values = fc.array(fc.integer({ min: 1, max: 500_000_000 }), { minLength: 1, maxLength: 60 });
    const property = fc.property(
      values,
      fc.nat(5),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (us, undelivered, q) => {
        const recorded = histogram();
        for (const value of us) recorded.recordValue(value);
        const sorted = [...us].sort((a, b) => a - b);
        const rank = Math.max(1, Math.ceil(q * (us.length + undelivered) - 1e-6));
        const wanted = rank > us.length ? null : sorted[rank - 1]! / 1000;
        const got = quantileMs(latency(recorded, undelivered), q);
        if (wanted === null) expect(got).toBeNull();
        else expect(Math.abs(got! - wanted) / wanted).toBeLessThan(0.001);
      },
    );
    fc.assert(property);
  });

  test('the curve rises, ends at the last message, and is open where one is missing', () => {
    const recorded = histogram();
    for (let i = 1; i <= 998; i++) recorded.recordValue(i * 1000);
    const points = percentileCurve(latency(recorded, 2));
    expect(points.at(-1)).toEqual({ nines: 3, ms: null });
    const finite = points.flatMap(({ ms }) => (ms === null ? [] : [ms]));
    expect(finite).toEqual([...finite].sort((a, b) => a - b));
    expect(percentileCurve(latency(histogram(), 0))).toEqual([]);
  });
});
