import { expect, test } from 'vitest';
import { linearScale, linePath, logScale, sampledPoints, timeTicks } from '../../../../reports/html/scale.js';

test('a linear scale starts at zero and ends on a round number above the data', () => {
  const scale = linearScale(10_700, 100, 0);
  expect(scale.ticks).toEqual([0, 5_000, 10_000, 15_000]);
  expect([scale(0), scale(15_000)]).toEqual([100, 0]);
});

test('a logarithmic scale spans whole decades and holds what is below on its edge', () => {
  const scale = logScale(0.4, 1_580, 100, 0);
  expect(scale.ticks).toEqual([0.1, 1, 10, 100, 1_000, 10_000]);
  expect([scale(0.1), scale(0), scale(10_000)]).toEqual([100, 100, 0]);
});

test('nothing measured still makes an axis', () => {
  expect(linearScale(0, 100, 0).ticks.length).toBeGreaterThan(1);
  expect(logScale(Number.POSITIVE_INFINITY, 0, 100, 0).ticks.every(Number.isFinite)).toBe(true);
});

test('time ticks are round and few', () => {
  expect(timeTicks(55_000, 12)).toEqual([
    0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000, 55_000,
  ]);
  expect(timeTicks(100 * 3.6e6, 12).length).toBeLessThanOrEqual(13);
});

test('a null breaks a line', () => {
  expect(linePath([0, 1, 2, 3], [1, null, 2.06, 3])).toBe('M0 1M2 2.1L3 3');
});

test('sparse samples are joined, and broken where one is missing', () => {
  const column = [1, null, 2, null, 3, null, null, null, null, null, 4, null, 5];
  expect(sampledPoints(column).map(({ value }) => value)).toEqual([1, 2, 3, null, 4, 5]);
  expect(sampledPoints([1, 2, null, null, null, 3]).map(({ value }) => value)).toEqual([1, 2, null, 3]);
  expect(sampledPoints([null, null])).toEqual([]);
});
