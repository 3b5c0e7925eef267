import { describe, expect, it } from 'vitest';
import { DrainPause } from '../../../../../broker/groups/health/drain-pause.js';

/** How long the pause was that begins now, and when it ended. */
function pauseFrom(pause: DrainPause, startMs: number): { ms: number; endMs: number } {
  pause.observe(true, startMs);
  let ms = 0;
  while (!pause.isOver(startMs + ms)) ms += 100;
  expect(pause.observe(true, startMs + ms)).toBe(false);
  expect(pause.observe(false, startMs + ms)).toBe(true);
  return { ms, endMs: startMs + ms };
}

describe('the pause of a drained member', () => {
  it('is as long as was asked for, and none before it drains', () => {
    const pause = new DrainPause(1_000);
    expect([pause.observe(false, 0), pause.isOver(9_999)]).toEqual([false, false]);
    expect(pauseFrom(pause, 0).ms).toBe(1_000);
    expect(pause.isOver(9_999)).toBe(false);
  });

  it('doubles where it is sick again soon, up to a bound', () => {
    const pause = new DrainPause(1_000);
    const pauses: number[] = [];
    for (let endMs = 0; pauses.length < 7; ) {
      const next = pauseFrom(pause, endMs + 500);
      pauses.push(next.ms);
      ({ endMs } = next);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
  });

  it('is short again where it was well for four times as long', () => {
    const pause = new DrainPause(1_000);
    const { endMs } = pauseFrom(pause, pauseFrom(pause, 0).endMs + 100);
    expect(pauseFrom(pause, endMs + 8_000).ms).toBe(1_000);
  });
});
