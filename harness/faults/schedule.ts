import { NS_PER_MS } from '../clock.js';
import type { LoadPlan } from '../load/plan.js';
import type { FaultSpec, FaultTime } from '../scenario/scenario.js';

/** What a fault's time counts from: a moment known in advance, or one that another fault makes. */
export type Anchor =
  | { readonly kind: 'moment'; readonly ns: number }
  | { readonly kind: 'event'; readonly fault: string; readonly edge: 'injected' | 'lifted' };

/** Monotonic times; `startNs` is the start of the load. */
export function anchorOf(at: FaultTime, phases: LoadPlan['phases'], startNs: number): Anchor {
  switch (at.after) {
    case 'start':
      return { kind: 'moment', ns: startNs };
    case 'phase': {
      const phase = phases.find(({ name }) => name === at.phase);
      // The parser refuses unknown phases; the start of the load is never later than what was meant.
      return { kind: 'moment', ns: startNs + (phase?.startNs ?? 0) };
    }
    case 'injected':
    case 'lifted':
      return { kind: 'event', fault: at.fault, edge: at.after };
    default:
      return at satisfies never;
  }
}

export interface PlannedInjection {
  /** The fault's id, from the second repetition on with its number: `x`, `x#2`, `x#3`. */
  readonly id: string;
  readonly plannedNs: number;
}

/** All injections of a fault, once its anchor is known. They do not drift: each counts from the first one's plan. */
export function plannedInjections({ id, at, repeat }: FaultSpec, anchorNs: number): PlannedInjection[] {
  const firstNs = anchorNs + at.offsetMs * NS_PER_MS;
  const { times, everyMs } = repeat ?? { times: 1, everyMs: 0 };
  return Array.from({ length: times }, (_, index) => ({
    id: index === 0 ? id : `${id}#${index + 1}`,
    plannedNs: firstNs + index * everyMs * NS_PER_MS,
  }));
}
