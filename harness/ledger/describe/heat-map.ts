import type { HeatMap } from '../../../reports/results.js';
import type { CheckedRun } from '../checked-run.js';
import { latencyOf } from '../latencies.js';

/** Upper bounds of the rows in ms, closer where brokers live; the last is the histograms' own limit. */
const UP_TO_MS = [
  0.5, 1, 2, 3, 5, 7.5, 10, 15, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 600_000,
];
const MAX_COLUMNS = 300;
const STEP_MS = 100;

/**
 * How many messages due in an interval had which end-to-end latency, without those that never arrived. The interval is
 * a multiple of 100 ms, such that the load has at most 300; rows end with the slowest message.
 */
export function heatMapOf(run: CheckedRun): HeatMap {
  const { intendedNs, count, endNs } = run.history.plan;
  const latency = latencyOf(run, 'e2e');
  const loadMs = endNs / 1e6;
  const intervalMs = STEP_MS * Math.max(1, Math.ceil(loadMs / STEP_MS / MAX_COLUMNS));
  const columns = Math.max(1, Math.ceil(loadMs / intervalMs));
  const counts = Array.from({ length: columns }, () => new Array<number>(UP_TO_MS.length).fill(0));
  let rows = 1;
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const ns = latency(ordinal);
    if (!Number.isFinite(ns)) continue;
    const row = rowOf(ns / 1e6);
    rows = Math.max(rows, row + 1);
    const dueMs = (intendedNs[ordinal] as number) / 1e6;
    const column = counts[Math.min(columns - 1, Math.floor(dueMs / intervalMs))] as number[];
    column[row] = (column[row] as number) + 1;
  }
  return {
    intervalMs,
    atMs: counts.map((_, index) => index * intervalMs),
    upToMs: UP_TO_MS.slice(0, rows),
    counts: counts.map((column) => column.slice(0, rows)),
  };
}

function rowOf(ms: number): number {
  const row = UP_TO_MS.findIndex((bound) => ms <= bound);
  return row === -1 ? UP_TO_MS.length - 1 : row;
}
