import type { CheckedRun } from '../ledger/checked-run.js';
import { latencyOf } from '../ledger/latencies.js';
import { LatencyHistogram } from '../ledger/latency-histogram.js';
import type { Gate, Scenario } from '../scenario/scenario.js';
import { eachOrdinal } from './scope.js';

const FLOOR_MS = 10;
/** What recovery asks of a window, 95 %, is nearest to a p99; what is beyond that is about single messages. */
const HIGHEST = 99;

export interface RecoveryLimit {
  readonly ms: number;
  /** The latency gate that it was taken from; undefined: measured. */
  readonly gate: Gate | undefined;
}

/**
 * The latency that counts as recovered: the limit of one latency gate, else max(2 x p99, 10 ms) of the first measured
 * phase before any fault. Of several gates one on `latency.done` before one on `latency`, then one that looks only at
 * what lies before or outside faults, then the highest percentile up to p99, then the lowest above it, then the first.
 */
export function recoveryLimit(run: CheckedRun, scenario: Scenario): RecoveryLimit {
  const [gate] = scenario.gates
    .flatMap((one) => {
      const rank = rankOf(one, run);
      return rank === undefined ? [] : [{ one, rank }];
    })
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ one }) => one);
  return { ms: gate?.limit.value ?? measuredLimitMs(run), gate };
}

/** Lower is better, from the left. */
type Rank = readonly number[];

/** Undefined: the gate puts no upper limit on how long deliveries take. */
function rankOf({ metric, operator, scope }: Gate, run: CheckedRun): Rank | undefined {
  const match = /^latency(\.done)?\.(?:p([\d.]+)|max)$/.exec(metric);
  if (match === null || (operator !== '<' && operator !== '<=')) return undefined;
  const [, done, written] = match;
  const percentile = written === undefined ? 100 : Number(written);
  const beyond = percentile > HIGHEST;
  return [done === undefined ? 1 : 0, isQuiet(scope, run) ? 0 : 1, beyond ? 1 : 0, beyond ? percentile : -percentile];
}

function isQuiet(scope: Gate['scope'], run: CheckedRun): boolean {
  if (scope.kind === 'outside-faults') return true;
  if (scope.kind !== 'during') return false;
  const firstNs = firstFaultNs(run);
  return run.history.plan.phases.every(({ name, endNs }) => !scope.phases.includes(name) || endNs <= firstNs);
}

function compare(a: Rank, b: Rank): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

function measuredLimitMs(run: CheckedRun): number {
  const { plan } = run.history;
  const firstNs = firstFaultNs(run);
  const phase = plan.phases.find((candidate) => candidate.measure && candidate.startNs < firstNs);
  if (!phase) return FLOOR_MS;
  const histogram = new LatencyHistogram();
  const latency = latencyOf(run, 'done');
  eachOrdinal(run, [{ fromNs: phase.startNs, toNs: Math.min(phase.endNs, firstNs) }], (ordinal) => {
    const ns = latency(ordinal);
    if (!Number.isNaN(ns)) histogram.recordNs(ns);
  });
  const p99 = histogram.quantileMs(0.99);
  return Number.isFinite(p99) ? Math.max(2 * p99, FLOOR_MS) : FLOOR_MS;
}

/** When the first fault was injected, from the start of the load. */
function firstFaultNs({ history: { faults, startNs } }: CheckedRun): number {
  return Math.min(...faults.map(({ injectedNs }) => (injectedNs ?? Infinity) - startNs));
}
