import { expect, it } from 'vitest';
import { goalLine, judgeGoals } from '../../../bench/goals.js';

const row = (label: string, median: number) => ({
  label,
  unit: 'ms',
  median,
  min: median,
  max: median,
  runs: [median],
});
const figures = {
  rows: [row('broker: p99', 4), row('raw: p99', 9)],
  ratios: [{ of: 'broker: max', to: 'raw: max', value: 2.5 }],
};

it('compares medians and ratios with their limits', () => {
  const goals = [
    { of: 'broker: p99', below: 10 },
    { of: 'broker: p99', below: 4 },
    { of: 'broker: p99', atMost: 4 },
    { of: 'broker: max', to: 'raw: max', atLeast: 2 },
    { of: 'broker: max', to: 'raw: max', atLeast: 3 },
  ];
  expect(judgeGoals(goals, figures).map(({ isMet }) => isMet)).toEqual([true, false, true, true, false]);
});

it('says what was not measured, and calls it neither met nor missed', () => {
  const [result] = judgeGoals([{ of: 'NATS: max', to: 'raw: max', atLeast: 1 }], figures);
  expect(result).toEqual({ goal: 'NATS: max / raw: max at least 1', value: null, isMet: null });
  expect(goalLine(result!)).toBe('not measured: NATS: max / raw: max at least 1');
});

it('reads as a sentence with its figure', () => {
  const [result] = judgeGoals([{ of: 'broker: p99', below: 1_000 }], figures);
  expect(goalLine(result!)).toBe('met: broker: p99 below 1,000: 4.00');
});
