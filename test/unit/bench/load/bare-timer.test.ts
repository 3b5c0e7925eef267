import { describe, expect, it } from 'vitest';
import { waitQuantile } from '../../../../bench/load/bare-timer.js';

describe('the wait for the next tick', () => {
  it('is uniform below equal gaps', () => {
    expect(waitQuantile(Array(1000).fill(1), 0.99)).toBeCloseTo(0.99);
    expect(waitQuantile(Array(10).fill(2), 0.5)).toBeCloseTo(1);
  });

  it('counts a long gap by its length', () => {
    // 90 gaps of 1 and one of 10: a tenth of all times lies in the long one.
    const gaps = [...Array<number>(90).fill(1), 10];
    expect(waitQuantile(gaps, 0.99)).toBeCloseTo(9);
  });

  it('is nothing without gaps', () => {
    expect(waitQuantile([], 0.99)).toBe(0);
  });
});
