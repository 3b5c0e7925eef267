import type { FaultKind } from '../faults/fault.js';
import type { FaultSpec, FaultTime, PhaseSpec } from './scenario.js';

/** When a fault is due, in milliseconds from the start of the load. */
export interface PlannedFault {
  readonly firstMs: number;
  /** Its last repetition. */
  readonly lastMs: number;
  /** After the first injection; undefined: when the load ends. */
  readonly liftedMs: number | undefined;
}

/** Why a fault has no planned time. */
export type Unplanned = 'cycle' | 'never-lifted' | 'unknown';

/** Duration of the whole load. */
export function loadDurationMs(phases: readonly PhaseSpec[]): number {
  return phases.reduce((sum, phase) => sum + phase.durationMs, 0);
}

/** The planned time of every fault, by id. The real one differs by what injecting and lifting took. */
export function planFaults(
  faults: readonly FaultSpec[],
  phases: readonly PhaseSpec[],
  kinds: readonly FaultKind[],
): Map<string, PlannedFault | Unplanned> {
  const planned = new Map<string, PlannedFault | Unplanned>();
  const open = new Set<string>();
  const starts = phaseStarts(phases);
  const byId = new Map(faults.map((fault) => [fault.id, fault]));

  const plan = (id: string): PlannedFault | Unplanned => {
    const known = planned.get(id);
    if (known !== undefined) return known;
    const fault = byId.get(id);
    if (fault === undefined) return 'unknown';
    if (open.has(id)) return 'cycle';
    open.add(id);
    const base = baseOf(fault.at);
    open.delete(id);
    const result = typeof base === 'string' ? base : timesOf(fault, base + fault.at.offsetMs, kinds);
    planned.set(id, result);
    return result;
  };
  const baseOf = (time: FaultTime): number | Unplanned => {
    if (time.after === 'start') return 0;
    if (time.after === 'phase') return starts.get(time.phase) ?? 'unknown';
    const other = plan(time.fault);
    if (typeof other === 'string') return other === 'never-lifted' ? 'unknown' : other;
    return time.after === 'injected' ? other.firstMs : (other.liftedMs ?? 'never-lifted');
  };
  for (const { id } of faults) plan(id);
  return planned;
}

function timesOf(fault: FaultSpec, firstMs: number, kinds: readonly FaultKind[]): PlannedFault {
  const { repeat } = fault;
  const lastMs = repeat === undefined ? firstMs : firstMs + repeat.everyMs * (repeat.times - 1);
  const lift = fault.forMs ?? kinds.find((kind) => kind.name === fault.kind)?.liftAfterMs?.(fault.params);
  return { firstMs, lastMs, liftedMs: lift === undefined ? undefined : firstMs + lift };
}

function phaseStarts(phases: readonly PhaseSpec[]): Map<string, number> {
  const starts = new Map<string, number>();
  let startMs = 0;
  for (const { name, durationMs } of phases) {
    if (!starts.has(name)) starts.set(name, startMs);
    startMs += durationMs;
  }
  return starts;
}
