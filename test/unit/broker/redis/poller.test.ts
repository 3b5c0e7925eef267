import { describe, expect, it } from 'vitest';
import { Poller } from '../../../../broker/redis/poller.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

describe('an authority is asked', () => {
  function start(calmMs?: () => number) {
    const clock = new ManualClock();
    let asked = 0;
    const poller = new Poller(clock, () => asked++, calmMs);
    /** How often it is asked within `ms`. */
    const within = (ms: number) => {
      const before = asked;
      clock.advance(ms);
      return asked - before;
    };
    within(0);
    return { poller, within };
  }

  it('once a second', () => {
    expect(start().within(10_000)).toBe(10);
  });

  it('more often where its answers get old sooner', () => {
    expect(start(() => 200).within(10_000)).toBe(50);
  });

  it('soon, and every 100 ms, when somebody doubts its answer; for ten seconds at most', () => {
    const { poller, within } = start();
    within(500);
    poller.hurry();
    expect(within(10)).toBe(1);
    expect(within(1_000)).toBe(10);
    within(9_000);
    expect(within(10_000)).toBeLessThanOrEqual(11);
  });

  it('not more often by any number of doubts', () => {
    const { poller, within } = start();
    let asked = 0;
    for (let i = 0; i < 1_000; i++) {
      poller.hurry();
      asked += within(1);
    }
    expect(asked).toBeLessThanOrEqual(11);
  });

  it('calmly again when the doubt is settled, and not at all in the end', () => {
    const { poller, within } = start();
    poller.hurry();
    within(300);
    poller.settle();
    within(1_000);
    expect(within(5_000)).toBe(5);
    poller.stop();
    expect(within(60_000)).toBe(0);
  });
});
