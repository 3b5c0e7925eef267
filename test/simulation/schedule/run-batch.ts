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
  readonly failedSeeds: number[];
  events: number;
  handlings: number;
  redriven: number;
  deaths: number;
  accepted: number;
  simulatedMs: number;
  /** `fault <kind>`: how many began; `plan <topology, replicas, durability>`: in how many schedules. */
  readonly occurred: Record<string, number>;
}

export function emptySummary(): BatchSummary {
  return {
    schedules: 0,
    failures: 0,
    failedSeeds: [],
    events: 0,
    handlings: 0,
    redriven: 0,
    deaths: 0,
    accepted: 0,
    simulatedMs: 0,
    occurred: {},
  };
}

export function addSummary(sum: BatchSummary, other: BatchSummary): void {
  sum.schedules += other.schedules;
  sum.failures += other.failures;
  sum.failedSeeds.push(...other.failedSeeds);
  sum.events += other.events;
  sum.handlings += other.handlings;
  sum.redriven += other.redriven;
  sum.deaths += other.deaths;
  sum.accepted += other.accepted;
  sum.simulatedMs += other.simulatedMs;
  for (const [what, count] of Object.entries(other.occurred)) occur(sum, what, count);
}

function occur({ occurred }: BatchSummary, what: string, count: number): void {
  occurred[what] = (occurred[what] ?? 0) + count;
}

/** Runs schedules one after the other until the seeds, or the patience, are at an end. */
export async function runBatch(options: BatchOptions): Promise<BatchSummary> {
  const { seeds, variant, isControl, stopAfterFailures, onTrace, onFailure } = options;
  const summary = emptySummary();
  for (const seed of seeds) {
    if (summary.failures >= stopAfterFailures) break;
    const plan = planOf(seed, variant?.bias);
    onTrace?.(JSON.stringify(plan));
    summary.schedules++;
    const { topology, replicas, durability } = plan;
    occur(summary, `plan ${topology}, ${replicas} replicas, ${durability}`, 1);
    try {
      const result = await runSchedule(plan, { variant: isControl === true ? undefined : variant, onTrace });
      summary.events += result.events;
      summary.handlings += result.handlings;
      summary.redriven += result.redriven;
      summary.deaths += result.deaths;
      summary.accepted += result.accepted;
      summary.simulatedMs += result.simulatedMs;
      for (const [kind, count] of result.faults) occur(summary, `fault ${kind}`, count);
      if (result.violations.length === 0) continue;
      onFailure(seed, result);
    } catch (error) {
      onFailure(seed, error instanceof Error ? error : new Error(String(error)));
    }
    summary.failures++;
    summary.failedSeeds.push(seed);
  }
  return summary;
}

export function* seedsFrom(first: number, count: number, step = 1): Generator<number> {
  for (let i = 0; i < count; i++) yield first + i * step;
}
