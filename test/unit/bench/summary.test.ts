import { expect, it } from 'vitest';
import { summarize } from '../../../bench/summary.js';

const round = (a: number, b: number) =>
  new Map([
    ['a', [{ metric: 'max', unit: 'msg/s', value: a }]],
    ['b', [{ metric: 'max', unit: 'msg/s', value: b }]],
  ]);

it('takes medians over rounds and ratios within them', () => {
  expect(summarize([round(10, 30), round(20, 40), round(40, 400)], 'a')).toEqual({
    rows: [
      { label: 'a: max', unit: 'msg/s', median: 20, min: 10, max: 40, runs: [10, 20, 40] },
      { label: 'b: max', unit: 'msg/s', median: 40, min: 30, max: 400, runs: [30, 40, 400] },
    ],
    ratios: [{ of: 'b: max', to: 'a: max', value: 3 }],
  });
});
