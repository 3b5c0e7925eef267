import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import type { Driver } from '../../../../harness/drivers/driver.js';
import type { WorkerStats } from '../../../../harness/load/protocol.js';
import { StatsReporter } from '../../../../harness/load/stats-reporter.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

it('gives the gauges with every report, and the last with what they are then', () => {
  let asked = 0;
  const driver = { gauges: () => ({ asked: ++asked }) } as unknown as Driver;
  const sent: WorkerStats[] = [];
  {
    using _ = new StatsReporter(
      systemClock,
      driver,
      () => ({}),
      (stats) => sent.push(stats),
    );
    vi.advanceTimersByTime(1_250);
  }
  expect(sent.map(({ gauges }) => Object.values(gauges ?? {})[0])).toEqual([1, 1, 1, 1, 2, 3]);
});

it('gives none of a driver that has none', () => {
  const sent: WorkerStats[] = [];
  new StatsReporter(
    systemClock,
    {} as Driver,
    () => ({}),
    (stats) => sent.push(stats),
  )[Symbol.dispose]();
  expect(sent.map((stats) => 'gauges' in stats)).toEqual([false]);
});
