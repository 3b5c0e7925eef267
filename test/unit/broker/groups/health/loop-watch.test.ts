import { describe, expect, it } from 'vitest';
import { LoopWatch } from '../../../../../broker/groups/health/loop-watch.js';
import { ManualClock } from '../../../../fixtures/manual-clock.js';

function started(): { clock: ManualClock; watch: LoopWatch } {
  const clock = new ManualClock();
  const watch = new LoopWatch(clock);
  watch.start();
  return { clock, watch };
}

describe('a loop watch', () => {
  it('sees no delay where timers come in time', () => {
    const { clock, watch } = started();
    clock.advance(10_000);
    expect(watch.takeLargestMs()).toBe(0);
  });

  it('tells the largest delay once', () => {
    const { clock, watch } = started();
    clock.stall(700);
    clock.advance(250);
    clock.stall(300);
    clock.advance(1_000);
    expect(watch.takeLargestMs()).toBe(600);
    expect(watch.takeLargestMs()).toBe(0);
  });

  it('counts a timer that is late and has not come yet', () => {
    const { clock, watch } = started();
    clock.stall(2_100);
    expect(watch.takeLargestMs()).toBe(2_000);
  });

  it('looks no more once it is stopped, or before it is started', () => {
    const { clock, watch } = started();
    watch.stop();
    clock.stall(5_000);
    clock.advance(1_000);
    expect(watch.takeLargestMs()).toBe(0);
    expect(new LoopWatch(clock).takeLargestMs()).toBe(0);
  });
});
