import { describe, expect, test } from 'vitest';
import { faultLanes } from '../../../../reports/html/time-axis.js';
import { timelineData } from '../../../../reports/html/timeline-data.js';
import { sampleResults } from '../../../fixtures/results.js';

describe('reducing the series', () => {
  const results = sampleResults();

  test('keeps every interval where they fit', () => {
    const data = timelineData(results, 6000);
    expect(data.stepMs).toBe(100);
    expect(data.atMs).toHaveLength(550);
    expect(data.offered[0]).toBe(10_500);
  });

  test('keeps rates as means and the highest latency', () => {
    const data = timelineData(results, 55);
    expect(data.stepMs).toBe(1000);
    expect(data.atMs).toHaveLength(55);
    const second = results.series.delivered.slice(0, 10);
    expect(data.delivered[0]).toBeCloseTo(
      second.reduce((sum, value) => sum + value, 0),
      0,
    );
    const highest = Math.max(...results.series.max.slice(370, 380).map((value) => value ?? 0));
    expect(data.max[37]! / highest).toBeCloseTo(1, 3);
  });

  test('keeps a gap where no message was due', () => {
    const series = { ...results.series, p99: results.series.p99.map((value, i) => (i < 10 ? null : value)) };
    expect(timelineData({ ...results, series }, 55).p99.slice(0, 2)).toEqual([null, expect.any(Number)]);
  });

  test('draws limits over the phases that their gates look at', () => {
    const { limits } = timelineData(results, 55);
    expect(limits.latency).toEqual([
      { label: 'latency.p99 < 10.0 ms', value: 10, floor: false, spans: [{ fromMs: 5_000, toMs: 25_000 }] },
    ]);
    expect(limits.throughput[0]).toMatchObject({ label: 'throughput ≥ 10,000/s', floor: true });
  });

  test('leaves out faults that were never injected', () => {
    const faults = results.faults.map((fault) => ({ ...fault, injectedMs: null }));
    expect(timelineData({ ...results, faults }, 55).faults).toEqual([]);
  });
});

test('faults that overlap get lanes of their own, and lanes are used again', () => {
  const fault = (fromMs: number, toMs: number) => ({ id: 'f', kind: 'f', fromMs, toMs, tookHold: true });
  const lanes = faultLanes([fault(0, 500), fault(100, 200), fault(600, 700), fault(610, 620)], (ms) => ms);
  expect(lanes).toEqual([0, 1, 0, 1]);
});
