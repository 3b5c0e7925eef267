import { describe, expect, it } from 'vitest';
import { planOf } from './plan.js';
import { runBatch, seedsFrom } from './run-batch.js';
import { runSchedule } from './run-schedule.js';

const SCHEDULES = 100;

describe('seeded schedules of faults', () => {
  it('find the broker keeping its promises', async () => {
    const failures: string[] = [];
    const { accepted, redriven } = await runBatch({
      seeds: seedsFrom(1, SCHEDULES),
      stopAfterFailures: 3,
      onFailure: (seed, result) => {
        const why = result instanceof Error ? result.stack : JSON.stringify(result.violations.slice(0, 3));
        failures.push(`npm run simulate -- --schedules 1 --seed ${seed} --trace: ${why}`);
      },
    });
    expect(failures).toEqual([]);
    expect(accepted).toBeGreaterThan(10 * SCHEDULES);
    expect(redriven).toBeGreaterThan(SCHEDULES / 4);
  });

  it('are the same for the same seed, step by step', async () => {
    const traces = [[], []] as string[][];
    for (const trace of traces) await runSchedule(planOf(7), { onTrace: (line) => trace.push(line) });
    expect(traces[0]!.length).toBeGreaterThan(100);
    expect(traces[1]).toEqual(traces[0]);
  });

  it('differ for another seed', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(8)).not.toEqual(planOf(7));
  });
});
