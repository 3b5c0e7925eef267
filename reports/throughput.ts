import type { PhaseResult, Results } from './results.js';

/** The phases that rates and latencies are judged on, or all when none is measured. */
export function measuredPhases(results: Results): readonly PhaseResult[] {
  const measured = results.phases.filter((phase) => phase.measure);
  return measured.length > 0 ? measured : results.phases;
}

/** Delivered messages a second over the measured phases. */
export function throughput(results: Results): number {
  const phases = measuredPhases(results);
  const spanMs = phases.reduce((sum, phase) => sum + phase.endMs - phase.startMs, 0);
  const weighted = phases.reduce((sum, phase) => sum + phase.throughputPerSec * (phase.endMs - phase.startMs), 0);
  return spanMs === 0 ? 0 : weighted / spanMs;
}
