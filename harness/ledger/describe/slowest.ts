import type { CheckedRun } from '../checked-run.js';
import { latencyOf } from '../latencies.js';

/** Of each phase: enough to see what slow messages have in common. */
const MESSAGES_OF_A_PHASE = 3;

/** The ordinals of each phase's slowest delivered messages, end to end: slowest first, the earlier one of two alike. */
export function slowestOf(run: CheckedRun): number[] {
  const latency = latencyOf(run, 'e2e');
  return run.history.plan.phases.flatMap(({ first, end }) => {
    const top: { ordinal: number; ns: number }[] = [];
    for (let ordinal = first; ordinal < end; ordinal++) {
      const ns = latency(ordinal);
      const least = top.at(-1)?.ns ?? -Infinity;
      if (!Number.isFinite(ns) || (top.length === MESSAGES_OF_A_PHASE && ns <= least)) continue;
      top.push({ ordinal, ns });
      top.sort((a, b) => b.ns - a.ns || a.ordinal - b.ordinal);
      top.length = Math.min(top.length, MESSAGES_OF_A_PHASE);
    }
    return top.map(({ ordinal }) => ordinal);
  });
}
