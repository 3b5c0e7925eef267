import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureTimeline } from '../../../../../broker/recovery/patterns/failure-timeline.js';

describe('a timeline', () => {
  it('counts as a list does, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40_000)), (times) => {
        const timeline = new FailureTimeline();
        for (const atMs of times) timeline.add(atMs);
        const counts = Array.from({ length: 41 }, (_, s) => times.filter((ms) => Math.floor(ms / 1_000) === s).length);
        expect(timeline.counts(0, 40_000)).toEqual(counts);
      }),
    );
  });

  it('remembers the latest 600 bins', () => {
    const timeline = new FailureTimeline(10);
    for (const atMs of [0, 10, 6_009]) timeline.add(atMs, 2);
    timeline.add(5);
    const counts = timeline.counts(0, 6_009);
    expect(counts).toHaveLength(600);
    expect([counts[0], counts[599]]).toEqual([2, 2]);
    expect(timeline.counts(0, 60_000).every((count) => count === 0)).toBe(true);
  });
});
