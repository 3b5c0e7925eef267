import type { CheckedRun } from '../ledger/checked-run.js';
import type { FaultRecord } from '../ledger/history.js';
import type { GateScope } from '../scenario/scenario.js';
import type { Span } from './metric.js';

const BEFORE_FAULT_NS = 1e9;
const AFTER_FAULT_NS = 5e9;

/** Which planned messages a count gate looks at, and whether finds that belong to no planned message count as well. */
export interface CountScope {
  readonly has: (ordinal: number) => boolean;
  readonly unplanned: boolean;
}

/** Counts are judged over everything, drain included, unless the gate names a scope. */
export function countScope(run: CheckedRun, scope: GateScope): CountScope {
  const { plan, startNs } = run.history;
  switch (scope.kind) {
    case 'default':
    case 'overall':
      return { has: () => true, unplanned: true };
    case 'during': {
      const named = plan.phases.map((phase) => scope.phases.includes(phase.name));
      return { has: (ordinal) => named[plan.phase[ordinal] as number] as boolean, unplanned: false };
    }
    case 'after': {
      const fromNs = afterNs(run, scope);
      return {
        has: (ordinal) => {
          if (fromNs === Infinity) return false;
          const doneNs = run.firstDoneNs[ordinal] as number;
          return doneNs === 0 || doneNs > fromNs || startNs + (plan.intendedNs[ordinal] as number) >= fromNs;
        },
        unplanned: false,
      };
    }
    case 'outside-faults': {
      const spans = subtract([{ fromNs: -Infinity, toNs: Infinity }], faultSpans(run));
      return { has: (ordinal) => contains(spans, plan.intendedNs[ordinal] as number), unplanned: false };
    }
    default:
      return scope satisfies never;
  }
}

/**
 * The spans of intended time that a rate gate looks at: measured phases unless phases are named or `overall` is asked
 * for, without `without`.
 */
export function rateSpans(run: CheckedRun, scope: GateScope, without: readonly Span[] = []): readonly Span[] {
  const { plan, startNs } = run.history;
  const phases = plan.phases.filter((phase) =>
    scope.kind === 'during' ? scope.phases.includes(phase.name) : scope.kind === 'overall' || phase.measure,
  );
  let spans: readonly Span[] = phases.map((phase) => ({ fromNs: phase.startNs, toNs: phase.endNs }));
  if (scope.kind === 'outside-faults') spans = subtract(spans, faultSpans(run));
  if (scope.kind === 'after') {
    spans = subtract(spans, [{ fromNs: -Infinity, toNs: afterNs(run, scope) - startNs }]);
  }
  return subtract(spans, without);
}

type AfterScope = Extract<GateScope, { kind: 'after' }>;

/**
 * When each episode of the scope's fault began: its injection, or with `lifted` its lifting; several when it repeats.
 * Those that never came to that are left out.
 */
export function episodesOf(run: CheckedRun, { fault, lifted }: AfterScope): readonly number[] {
  return recordsOf(run, fault).flatMap(({ injectedNs, liftedNs }) => (lifted ? liftedNs : injectedNs) ?? []);
}

/** The first of {@link episodesOf}; `Infinity`: there is none. */
export function afterNs(run: CheckedRun, scope: AfterScope): number {
  return Math.min(...episodesOf(run, scope));
}

/** Why the scope's fault leaves nothing to judge by: it was never injected (or lifted), or did not take hold. */
export function absenceOf(run: CheckedRun, scope: GateScope, samples: number): string | undefined {
  if (scope.kind !== 'after') return undefined;
  const records = recordsOf(run, scope.fault);
  const observed = records[0] ? `: ${records[0].observed}` : '';
  if (records.every(({ injectedNs }) => injectedNs === undefined)) {
    return `the fault ${scope.fault} was never injected${observed}`;
  }
  if (samples === 0 && !records.some(({ tookHold }) => tookHold)) {
    return `the fault ${scope.fault} did not take hold${observed}`;
  }
  return afterNs(run, scope) === Infinity ? `the fault ${scope.fault} was never lifted` : undefined;
}

function recordsOf(run: CheckedRun, fault: string): readonly FaultRecord[] {
  return run.history.faults.filter(({ id }) => id === fault || id.startsWith(`${fault}#`));
}

/** First ordinal that is due at or after `ns` from the start of the load. */
export function firstDueAt(run: CheckedRun, ns: number): number {
  const { intendedNs } = run.history.plan;
  let low = 0;
  let high = intendedNs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intendedNs[middle] as number) < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `visit` for every ordinal whose intended time lies in one of the spans, in order. */
export function eachOrdinal(run: CheckedRun, spans: readonly Span[], visit: (ordinal: number) => void): void {
  for (const span of spans) {
    const end = firstDueAt(run, span.toNs);
    for (let ordinal = firstDueAt(run, span.fromNs); ordinal < end; ordinal++) visit(ordinal);
  }
}

/** `spans` without `holes`; both may be in any order, the result ascends and is disjoint if `spans` are. */
export function subtract(spans: readonly Span[], holes: readonly Span[]): readonly Span[] {
  const sorted = [...holes].sort((a, b) => a.fromNs - b.fromNs);
  const left: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromNs - b.fromNs)) {
    let fromNs = span.fromNs;
    for (const hole of sorted) {
      if (hole.toNs <= fromNs || hole.fromNs >= span.toNs) continue;
      if (hole.fromNs > fromNs) left.push({ fromNs, toNs: hole.fromNs });
      fromNs = Math.max(fromNs, hole.toNs);
    }
    if (fromNs < span.toNs) left.push({ fromNs, toNs: span.toNs });
  }
  return left;
}

export function lengthNs(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.toNs - span.fromNs, 0);
}

function contains(spans: readonly Span[], ns: number): boolean {
  return spans.some((span) => ns >= span.fromNs && ns < span.toNs);
}

function faultSpans(run: CheckedRun): readonly Span[] {
  const { faults, startNs } = run.history;
  return faults
    .filter((fault) => fault.injectedNs !== undefined)
    .map(({ injectedNs, liftedNs }) =>
      aroundFault((injectedNs as number) - startNs, liftedNs === undefined ? undefined : liftedNs - startNs),
    );
}

/** What `outside faults` leaves out: a fault with a second before its injection and five after its lifting. */
export function aroundFault(injectedNs: number, liftedNs: number | undefined): Span {
  return {
    fromNs: injectedNs - BEFORE_FAULT_NS,
    toNs: liftedNs === undefined ? Infinity : liftedNs + AFTER_FAULT_NS,
  };
}
