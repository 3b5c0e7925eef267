import { describe, expect, it } from 'vitest';
import { Scheduler } from './scheduler.js';
import { SimProcess } from './sim-process.js';

function process(rate = 1) {
  const scheduler = new Scheduler();
  const time = { rate, monotonicStartMs: 100, wallStartMs: 1_000 };
  const made = new SimProcess('p', scheduler, () => 0.5, time);
  return { scheduler, made, time, pass: (ms: number) => scheduler.run(scheduler.nowMs + ms, () => false) };
}

describe('a simulated process', () => {
  it('has clocks of its own, that run and step by themselves', async () => {
    const { made, time, scheduler, pass } = process(2);
    const fired: number[] = [];
    made.clock.after(100, () => fired.push(scheduler.nowMs));
    await pass(1_000);
    expect(fired).toEqual([50]);
    expect(scheduler.nowMs).toBe(50);
    time.wallStartMs += 5_000;
    expect([made.clock.nowMs(), made.clock.wallMs()]).toEqual([200, 6_100]);
  });

  it('gets everything at once when it goes on, due timers first, and nothing that was cancelled', async () => {
    const { made, scheduler, pass } = process();
    const seen: string[] = [];
    const cancel = made.clock.after(10, () => seen.push('cancelled'));
    made.clock.after(30, () => {
      seen.push('timer');
      cancel();
    });
    made.pause();
    scheduler.after(20, () => made.deliver(() => seen.push('reply')));
    await pass(100);
    expect(seen).toEqual([]);
    cancel();
    made.resume();
    await pass(0);
    expect(seen).toEqual(['timer', 'reply']);
  });

  it('gets nothing any more when it was killed', async () => {
    const { made, pass } = process();
    const seen: string[] = [];
    made.clock.after(10, () => seen.push('timer'));
    made.kill();
    made.deliver(() => seen.push('reply'));
    await pass(100);
    expect(seen).toEqual([]);
  });

  it('settles everything that an event leads to before the next event', async () => {
    const { made, pass } = process();
    const seen: string[] = [];
    for (const name of ['a', 'b']) {
      made.clock.after(10, () => {
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(() => seen.push(`settled ${name}`));
        seen.push(name);
      });
    }
    await pass(100);
    expect(seen).toEqual(['a', 'settled a', 'b', 'settled b']);
  });
});
