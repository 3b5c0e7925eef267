import type { Series } from '../../../reports/results.js';
import { type CheckedRun, FATE, SEND } from '../checked-run.js';
import { latencyOf } from '../latencies.js';
import { rankOf } from '../latency-histogram.js';

const INTERVAL_NS = 100e6;

/** The columns of the series that the ledger tells. */
export type LedgerSeries = Omit<Series, 'cpu' | 'eventLoop' | 'redisMemoryBytes' | 'redisOpsPerSec' | 'steal'>;

/**
 * Columns per 100 ms from the start of the load until the last message was handled. `offered`, `rejected`, the latencies
 * and `lagMax` belong to the interval in which a message was due, `accepted` to its acknowledgement, `delivered` to its
 * first success. `inFlight` is what was sent by the end of the interval and is not yet handled, without dead letters,
 * quarantine and losses, whose end nobody sees.
 */
export function seriesOf(run: CheckedRun): LedgerSeries {
  const { plan, startNs } = run.history;
  const count = Math.ceil(lastNs(run) / INTERVAL_NS);
  const zeros = () => new Array<number>(count).fill(0);
  const offered = zeros();
  const accepted = zeros();
  const rejected = zeros();
  const delivered = zeros();
  const change = zeros();
  const add = (column: number[], ns: number, by = 1) => {
    const index = Math.min(count - 1, Math.max(0, Math.floor(ns / INTERVAL_NS)));
    column[index] = (column[index] as number) + by;
  };
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    const send = run.send[ordinal];
    const dueNs = plan.intendedNs[ordinal] as number;
    if (send !== SEND.withheld) add(offered, dueNs);
    if (send === SEND.rejected) add(rejected, dueNs);
    if (send === SEND.accepted) add(accepted, (run.acknowledgedNs[ordinal] as number) - startNs);
    const doneNs = (run.firstDoneNs[ordinal] as number) - startNs;
    const done = run.successes[ordinal] !== 0;
    if (done) add(delivered, doneNs);
    if (run.sentNs[ordinal] === 0 || !(done || run.fate[ordinal] === FATE.stranded)) continue;
    add(change, (run.sentNs[ordinal] as number) - startNs);
    if (done) add(change, doneNs, -1);
  }
  let level = 0;
  const inFlight = change.map((by) => {
    level += by;
    return level;
  });
  const atMs = offered.map((_, index) => (index * INTERVAL_NS) / 1e6);
  return {
    intervalMs: INTERVAL_NS / 1e6,
    atMs,
    offered,
    accepted,
    rejected,
    delivered,
    inFlight,
    ...latencyColumns(run, count),
    lagMax: lagColumn(run, count),
  };
}

/** End of the load or the last first success, whichever is later; from the start of the load. */
function lastNs(run: CheckedRun): number {
  let last = run.history.startNs + run.history.plan.endNs;
  for (const ns of run.firstDoneNs) if (ns > last) last = ns;
  return last - run.history.startNs;
}

/** Messages ascend with intended time, so the intervals come one after the other. */
function latencyColumns(run: CheckedRun, count: number): Pick<Series, 'p50' | 'p99' | 'max'> {
  const { intendedNs, count: messages } = run.history.plan;
  const latency = latencyOf(run, 'e2e');
  const nulls = () => new Array<number | null>(count).fill(null);
  const columns = { p50: nulls(), p99: nulls(), max: nulls() };
  let values: number[] = [];
  for (let ordinal = 0, interval = 0; ordinal <= messages; ordinal++) {
    const at = ordinal < messages ? Math.floor((intendedNs[ordinal] as number) / INTERVAL_NS) : count;
    if (at !== interval) {
      const sorted = Float64Array.from(values).sort();
      const quantile = (q: number) => {
        const ns = sorted[rankOf(q, sorted.length) - 1] ?? Infinity;
        return ns === Infinity ? null : Math.max(0, ns) / 1e6;
      };
      columns.p50[interval] = quantile(0.5);
      columns.p99[interval] = quantile(0.99);
      columns.max[interval] = quantile(1);
      values = [];
      interval = at;
    }
    const ns = ordinal < messages ? latency(ordinal) : Number.NaN;
    if (!Number.isNaN(ns)) values.push(ns);
  }
  return columns;
}

function lagColumn(run: CheckedRun, count: number): (number | null)[] {
  const { intendedNs, count: messages } = run.history.plan;
  const lag = latencyOf(run, 'lag');
  const column = new Array<number | null>(count).fill(null);
  for (let ordinal = 0; ordinal < messages; ordinal++) {
    const ns = lag(ordinal);
    if (Number.isNaN(ns)) continue;
    const interval = Math.floor((intendedNs[ordinal] as number) / INTERVAL_NS);
    column[interval] = Math.max(column[interval] ?? 0, ns / 1e6);
  }
  return column;
}
