import { type CheckedRun, SEND } from '../ledger/checked-run.js';
import type { FaultRecord } from '../ledger/history.js';
import { latencyOf } from '../ledger/latencies.js';
import { LatencyHistogram } from '../ledger/latency-histogram.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Span } from './metric.js';
import { eachOrdinal, subtract } from './scope.js';

const WINDOW_NS = 1e9;
const CONSECUTIVE = 3;
const GOOD_SHARE = 0.95;
const MIN_MESSAGES = 100;
const FLOOR_MS = 10;

export interface Recovery {
  /** From the injection to the first of three consecutive good windows; `Infinity`: never. */
  readonly afterMs: number;
  /** Complete windows that were looked at. */
  readonly windows: number;
}

/**
 * Start of the first of three consecutive 1 s windows, aligned to the injection, in each of which at least 95 % of the
 * messages intended there (rejected and indeterminate ones missed) were done within the limit. A window is longer where
 * a second holds fewer than 100 messages.
 */
export function recoveryAfter(
  run: CheckedRun,
  episode: FaultRecord,
  limitMs: number,
  without: readonly Span[] = [],
): Recovery {
  const { plan, startNs } = run.history;
  const injectedNs = (episode.injectedNs as number) - startNs;
  let windows = 0;
  let good = 0;
  let firstGoodNs = 0;
  for (let fromNs = injectedNs; ; ) {
    const window = readWindow(run, fromNs, limitMs, without);
    if (!window) return { afterMs: Infinity, windows };
    windows++;
    if (window.inTime < GOOD_SHARE * window.messages) good = 0;
    else if (good++ === 0) firstGoodNs = fromNs;
    if (good === CONSECUTIVE) return { afterMs: (firstGoodNs - injectedNs) / 1e6, windows };
    fromNs = window.toNs;
    if (fromNs >= plan.endNs) return { afterMs: Infinity, windows };
  }
}

/** The window from `fromNs`, as many seconds as it takes; undefined when the load ends before it is complete. */
function readWindow(run: CheckedRun, fromNs: number, limitMs: number, without: readonly Span[]) {
  const { plan, startNs } = run.history;
  let messages = 0;
  let inTime = 0;
  for (let secondNs = fromNs; secondNs + WINDOW_NS <= plan.endNs; secondNs += WINDOW_NS) {
    const toNs = secondNs + WINDOW_NS;
    eachOrdinal(run, subtract([{ fromNs: secondNs, toNs }], without), (ordinal) => {
      if (run.send[ordinal] === SEND.withheld || plan.poison[ordinal] !== 0) return;
      messages++;
      if (run.send[ordinal] !== SEND.accepted || run.successes[ordinal] === 0) return;
      const doneMs = ((run.firstDoneNs[ordinal] as number) - startNs - (plan.intendedNs[ordinal] as number)) / 1e6;
      if (doneMs <= limitMs) inTime++;
    });
    if (messages >= MIN_MESSAGES) return { toNs, messages, inTime };
  }
  return undefined;
}

/**
 * The latency that counts as recovered: the scenario's latency gate (one on `latency.done` first), else
 * max(2 x p99, 10 ms) of the first measured phase before any fault.
 */
export function recoveryLimitMs(run: CheckedRun, scenario: Scenario): number {
  const limits = scenario.gates.filter(({ operator }) => operator === '<' || operator === '<=');
  const gate =
    limits.find(({ metric }) => metric.startsWith('latency.done.')) ??
    limits.find(({ metric }) => /^latency\.(p|max)/.test(metric));
  if (gate) return gate.limit.value;
  const { plan, startNs, faults } = run.history;
  const firstFaultNs = Math.min(...faults.map(({ injectedNs }) => (injectedNs ?? Infinity) - startNs));
  const phase = plan.phases.find((candidate) => candidate.measure && candidate.startNs < firstFaultNs);
  if (!phase) return FLOOR_MS;
  const histogram = new LatencyHistogram();
  const latency = latencyOf(run, 'done');
  eachOrdinal(run, [{ fromNs: phase.startNs, toNs: Math.min(phase.endNs, firstFaultNs) }], (ordinal) => {
    const ns = latency(ordinal);
    if (!Number.isNaN(ns)) histogram.recordNs(ns);
  });
  const p99 = histogram.quantileMs(0.99);
  return Number.isFinite(p99) ? Math.max(2 * p99, FLOOR_MS) : FLOOR_MS;
}
