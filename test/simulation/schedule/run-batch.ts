import type { Variant } from '../variants/variant.js';
import { planOf } from './plan.js';
import { runSchedule, type ScheduleResult } from './run-schedule.js';

export interface BatchOptions {
  readonly seeds: Iterable<number>;
  /** Its schedules; with the rule switched off, unless {@link isControl}. */
  readonly variant?: Variant | undefined;
  readonly isControl?: boolean | undefined;
  readonly stopAfterFailures: number;
  readonly onTrace?: ((line: string) => void) | undefined;
  onFailure(seed: number, result: ScheduleResult | Error): void;
}

export interface BatchSummary {
  schedules: number;
  failures: number;
  events: number;
  handlings: number;
  accepted: number;
  simulatedMs: number;
}

/** Runs schedules one after the other until the seeds, or the patience, are at an end. */
export async function runBatch(options: BatchOptions): Promise<BatchSummary> {
  const { seeds, variant, isControl, stopAfterFailures, onTrace, onFailure } = options;
  const summary: BatchSummary = { schedules: 0, failures: 0, events: 0, handlings: 0, accepted: 0, simulatedMs: 0 };
  for (const seed of seeds) {
    if (summary.failures >= stopAfterFailures) break;
    const plan = planOf(seed, variant?.bias);
    onTrace?.(JSON.stringify(plan));
    summary.schedules++;
    try {
      const result = await runSchedule(plan, { variant: isControl === true ? undefined : variant, onTrace });
      summary.events += result.events;
      summary.handlings += result.handlings;
      summary.accepted += result.accepted;
      summary.simulatedMs += result.simulatedMs;
      if (result.violations.length === 0) continue;
      onFailure(seed, result);
    } catch (error) {
      onFailure(seed, error instanceof Error ? error : new Error(String(error)));
    }
    summary.failures++;
  }
  return summary;
}

export function* seedsFrom(first: number, count: number, step = 1): Generator<number> {
  for (let i = 0; i < count; i++) yield first + i * step;
}
