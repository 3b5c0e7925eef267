import { NS_PER_MS } from '../clock.js';
import type { Metric, Span } from '../gates/metric.js';
import { aroundFault, subtract } from '../gates/scope.js';
import type { LoadPlan } from '../load/plan.js';
import type { PlannedFault, Unplanned } from './fault-schedule.js';
import type { FaultSpec, GateScope } from './scenario.js';

/** A scenario's faults with the times at which they are due. */
export interface PlannedFaults {
  readonly specs: readonly FaultSpec[];
  readonly times: ReadonlyMap<string, PlannedFault | Unplanned>;
}

/** Undefined: there is no telling when it is due. */
export function timesOf(faults: PlannedFaults, id: string): PlannedFault | undefined {
  const times = faults.times.get(id);
  return typeof times === 'object' ? times : undefined;
}

/**
 * The spans of intended time that a gate of this scope looks at when faults are injected and lifted as planned: for rates
 * measured phases, unless phases are named or `overall` is asked for.
 */
export function plannedSpans(
  scope: GateScope,
  family: Metric['family'],
  plan: LoadPlan,
  faults: PlannedFaults,
): readonly Span[] {
  const all = scope.kind === 'overall' || family === 'count';
  const phases = plan.phases.filter((phase) =>
    scope.kind === 'during' ? scope.phases.includes(phase.name) : all || phase.measure,
  );
  const spans = phases.map(({ startNs, endNs }) => ({ fromNs: startNs, toNs: endNs }));
  if (scope.kind === 'outside-faults') return subtract(spans, plannedFaultSpans(faults));
  if (scope.kind !== 'after') return spans;
  const times = timesOf(faults, scope.fault);
  const fromMs = scope.lifted ? times?.liftedMs : times?.firstMs;
  return subtract(spans, [{ fromNs: -Infinity, toNs: (fromMs ?? 0) * NS_PER_MS }]);
}

/** Every planned injection with the margins that `outside faults` leaves around it. */
function plannedFaultSpans(faults: PlannedFaults): readonly Span[] {
  return faults.specs.flatMap(({ id, repeat }) => {
    const times = timesOf(faults, id);
    if (times === undefined) return [];
    return Array.from({ length: repeat?.times ?? 1 }, (_, i) => {
      const laterMs = i * (repeat?.everyMs ?? 0);
      const { firstMs, liftedMs } = times;
      const untilNs = liftedMs === undefined ? undefined : (liftedMs + laterMs) * NS_PER_MS;
      return aroundFault((firstMs + laterMs) * NS_PER_MS, untilNs);
    });
  });
}

/** How many messages `counts` admits are due in the spans. */
export function messagesIn(
  spans: readonly Span[],
  plan: LoadPlan,
  counts: (ordinal: number) => boolean = () => true,
): number {
  let messages = 0;
  for (const { fromNs, toNs } of spans) {
    const end = firstFrom(plan, toNs);
    for (let ordinal = firstFrom(plan, fromNs); ordinal < end; ordinal++) if (counts(ordinal)) messages++;
  }
  return messages;
}

/** The first ordinal due at or after `ns`: ordinals ascend with time. */
export function firstFrom(plan: LoadPlan, ns: number): number {
  let low = 0;
  let high = plan.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (plan.intendedNs[middle]! < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
