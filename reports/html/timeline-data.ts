import { formatMs, formatOperator, formatRate } from '../format.js';
import type { GateResult, Results, Series } from '../results.js';
import { loadMs } from '../suite.js';

/** What the timeline shows, reduced to at most so many points; rates a second, latencies in ms, times in ms. */
export interface TimelineData {
  readonly spanMs: number;
  /** How much time a point stands for. */
  readonly stepMs: number;
  readonly atMs: readonly number[];
  readonly offered: readonly number[];
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  readonly delivered: readonly number[];
  readonly inFlight: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  readonly lagMax: readonly (number | null)[];
  readonly phases: readonly {
    readonly name: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly measure: boolean;
  }[];
  readonly faults: readonly TimelineFault[];
  readonly events: readonly { readonly atMs: number; readonly text: string }[];
  readonly limits: { readonly throughput: readonly Limit[]; readonly latency: readonly Limit[] };
}

export interface TimelineFault {
  readonly id: string;
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly tookHold: boolean;
}

/** A gate's limit as a line over the phases that it looks at. */
export interface Limit {
  readonly label: string;
  readonly value: number;
  /** The gate asks for more than this: its label goes below the line, where no data should be. */
  readonly floor: boolean;
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number }[];
}

const MAX_EVENTS = 300;

/**
 * Reduces the series to at most `points` columns. Rates are means; of latencies and queues a column keeps the highest
 * value of its intervals (percentiles are never averaged), so no spike is lost.
 */
export function timelineData(results: Results, points: number): TimelineData {
  const { series } = results;
  const intervals = series.atMs.length;
  const group = Math.max(1, Math.ceil(intervals / points));
  const perSec = 1000 / series.intervalMs;
  const rate = (column: readonly number[]) => groups(column, group, (values) => (sum(values) / values.length) * perSec);
  const highest = (column: readonly (number | null)[]) => groups(column, group, maximum);
  const lastMs = intervals === 0 ? 0 : series.atMs[intervals - 1]! + series.intervalMs;
  const spanMs = Math.max(lastMs, loadMs(results), 1);
  return {
    spanMs,
    stepMs: group * series.intervalMs,
    atMs: groups(series.atMs, group, (values) => values[0]!),
    offered: rate(series.offered),
    accepted: rate(series.accepted),
    rejected: rate(series.rejected),
    delivered: rate(series.delivered),
    inFlight: highest(series.inFlight).map((value) => value ?? 0),
    p50: highest(series.p50),
    p99: highest(series.p99),
    max: highest(series.max),
    lagMax: highest(series.lagMax),
    phases: results.phases.map(({ name, startMs, endMs, measure }) => ({
      name,
      fromMs: startMs,
      toMs: endMs,
      measure,
    })),
    faults: results.faults.flatMap((fault) =>
      fault.injectedMs === null
        ? []
        : [
            {
              id: fault.id,
              kind: fault.kind,
              fromMs: fault.injectedMs,
              toMs: Math.max(fault.injectedMs, fault.liftedMs ?? spanMs),
              tookHold: fault.tookHold,
            },
          ],
    ),
    events: results.events.slice(0, MAX_EVENTS).map(({ atMs, text }) => ({ atMs, text: text.slice(0, 200) })),
    limits: {
      throughput: limits(results, (gate) => gate.metric === 'throughput' && gate.unit === 'per-sec'),
      latency: limits(results, (gate) => /^latency(\.p[\d.]+|\.max)?$/.test(gate.metric) && gate.unit === 'ms'),
    },
  };
}

/** The highest of the values that exist. */
export function maximum(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (top, value) => (value === null || (top !== null && top >= value) ? top : value),
    null,
  );
}

/** Reduces runs of `size` values to one each, to four significant digits. */
export function groups<T, U extends number | null>(
  column: readonly T[],
  size: number,
  reduce: (values: readonly T[]) => U,
): U[] {
  const reduced: U[] = [];
  for (let i = 0; i < column.length; i += size) {
    const value = reduce(column.slice(i, i + size));
    reduced.push((value === null ? null : Number(value.toPrecision(value >= 1000 ? 7 : 4))) as U);
  }
  return reduced;
}

/** Columns of another part of the series at the timeline's step. */
export function highestOf(column: readonly (number | null)[], series: Series, points: number): (number | null)[] {
  return groups(column, Math.max(1, Math.ceil(series.atMs.length / points)), maximum);
}

function limits(results: Results, wanted: (gate: GateResult) => boolean): Limit[] {
  const all = [{ fromMs: 0, toMs: loadMs(results) }];
  return results.gates.filter(wanted).map((gate) => {
    const names = /^during (.+)$/.exec(gate.scope)?.[1]?.split(/\s*,\s*/) ?? [];
    const phases = results.phases.filter((phase) => names.includes(phase.name));
    const value = gate.unit === 'ms' ? formatMs(gate.limit) : formatRate(gate.limit);
    return {
      label: `${gate.metric} ${formatOperator(gate.operator)} ${value}`,
      value: gate.limit,
      floor: gate.operator.startsWith('>'),
      spans: phases.length === 0 ? all : phases.map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs })),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
