import { describe, expect, it } from 'vitest';
import { partitionOfKey } from '../../../../broker/log/partitioner.js';

describe('the partition of a key', () => {
  it('is a part of the stored format: it never changes', () => {
    expect(
      ['', 'a', 'k0', 'k1', 'order-4711', 'schlüssel'].map((key) => partitionOfKey(key, 16)),
    ).toMatchInlineSnapshot(`
      [
        11,
        3,
        3,
        2,
        9,
        11,
      ]
    `);
  });

  it('spreads keys evenly', () => {
    const counts = Array(16).fill(0);
    for (let i = 0; i < 16_000; i++) counts[partitionOfKey(`k${i}`, 16)]++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});
