import { expect, it } from 'vitest';
import { summarize } from '../../../bench/summary.js';

const round = (a: number, b: number, c = 1) =>
  new Map(Object.entries({ a, b, c }).map(([label, value]) => [label, [{ metric: 'max', unit: 'msg/s', value }]]));

it('takes medians over rounds and ratios within them', () => {
  expect(summarize([round(10, 30), round(20, 40), round(40, 400)], 'a')).toEqual({
    rows: [
      { label: 'a: max', unit: 'msg/s', median: 20, min: 10, max: 40, runs: [10, 20, 40] },
      { label: 'b: max', unit: 'msg/s', median: 40, min: 30, max: 400, runs: [30, 40, 400] },
      { label: 'c: max', unit: 'msg/s', median: 1, min: 1, max: 1, runs: [1, 1, 1] },
    ],
    ratios: [
      { of: 'b: max', to: 'a: max', value: 3 },
      { of: 'c: max', to: 'a: max', value: 0.05 },
    ],
  });
});

it('adds the ratios of further pairs, of contenders that ran', () => {
  const { ratios } = summarize([round(1, 8, 2)], 'a', [
    ['b', 'c'],
    ['b', 'not installed'],
  ]);
  expect(ratios.map(({ of, to, value }) => [of, to, value])).toEqual([
    ['b: max', 'a: max', 8],
    ['c: max', 'a: max', 2],
    ['b: max', 'c: max', 4],
  ]);
});
