import type { CheckedRun } from '../ledger/checked-run.js';
import { generatorSeconds } from '../ledger/generator-rate.js';
import type { Span } from './metric.js';

const MIN_GENERATOR_SHARE = 0.99;
const MAX_STEAL = 0.05;
const INTERVAL_NS = 100e6;

/** What the harness observed of itself and of its machine. Times are monotonic ns. */
export interface InstrumentReading {
  /** When the harness's own probe process did not run though it should have. */
  readonly stalls: readonly { readonly fromNs: number; readonly untilNs: number }[];
  /** Share (0..1) of CPU time stolen by the hypervisor, per sampling span. */
  readonly steal: readonly { readonly fromNs: number; readonly untilNs: number; readonly share: number }[];
  /** Workers ended by a signal that neither a fault nor the harness sent, and whatever else interfered from outside. */
  readonly outsideSignals: readonly string[];
  readonly clockJumps: readonly string[];
  /** Why the harness stopped draining before it was over. */
  readonly stoppedDraining: string | undefined;
}

export const QUIET_INSTRUMENT: InstrumentReading = {
  stalls: [],
  steal: [],
  outsideSignals: [],
  clockJumps: [],
  stoppedDraining: undefined,
};

/** What was wrong with the instrument: each makes the run inconclusive, unless a gate failed. */
export function instrumentProblems(run: CheckedRun, reading: InstrumentReading): readonly string[] {
  const problems: string[] = [];
  const slow = generatorSeconds(run).filter(({ share }) => share < MIN_GENERATOR_SHARE);
  const [worst] = [...slow].sort((a, b) => a.share - b.share);
  if (worst) {
    const percent = (worst.share * 100).toFixed(1);
    problems.push(
      `the generator fell behind in ${slow.length} s: ${percent} % of the planned rate in second ${worst.second}`,
    );
  }
  for (const fault of run.history.faults) {
    if (!fault.tookHold) problems.push(`the fault ${fault.id} did not take hold: ${fault.observed}`);
  }
  problems.push(...run.faultsWithoutEffect);
  if (reading.stoppedDraining !== undefined) problems.push(`the harness stopped draining: ${reading.stoppedDraining}`);
  problems.push(...reading.outsideSignals, ...reading.clockJumps);
  for (const line of run.damage) problems.push(`the ledger is damaged: ${line}`);
  return problems;
}

/**
 * The 100 ms intervals (from the start of the load) in which the probe stalled for more than `stallMs` or more than 5 %
 * of the CPU was stolen, joined where they touch.
 */
export function disturbedSpans(run: CheckedRun, reading: InstrumentReading, stallMs: number): readonly Span[] {
  const { startNs, plan } = run.history;
  const disturbed = new Set<number>();
  const add = (fromNs: number, untilNs: number) => {
    const last = Math.floor((Math.min(untilNs - startNs, plan.endNs) - 1) / INTERVAL_NS);
    for (let i = Math.max(0, Math.floor((fromNs - startNs) / INTERVAL_NS)); i <= last; i++) disturbed.add(i);
  };
  for (const { fromNs, untilNs } of reading.stalls) if (untilNs - fromNs > stallMs * 1e6) add(fromNs, untilNs);
  for (const { fromNs, untilNs, share } of reading.steal) if (share > MAX_STEAL) add(fromNs, untilNs);
  const spans: Span[] = [];
  for (const index of [...disturbed].sort((a, b) => a - b)) {
    const fromNs = index * INTERVAL_NS;
    const before = spans.at(-1);
    if (before?.toNs === fromNs) spans[spans.length - 1] = { fromNs: before.fromNs, toNs: fromNs + INTERVAL_NS };
    else spans.push({ fromNs, toNs: fromNs + INTERVAL_NS });
  }
  return spans;
}
