import { NS_PER_MS } from '../clock.js';
import { formatQuantity, formatScope } from '../gates/gate-expression.js';
import type { LoadPlan } from '../load/plan.js';
import { firstFrom, type PlannedFaults, timesOf } from './plan-scope.js';
import type { Gate, GateScope } from './scenario.js';
import { formatDuration } from './units.js';

/** Recovery is seen in three windows of a second, longer ones where a second has fewer than 100 messages. */
const WINDOWS = 3;
const WINDOW_MS = 1000;
const MESSAGES_PER_WINDOW = 100;

/** Why a `recovery` gate can never be held, with so little load after its fault; undefined: it can. */
export function recoveryProblem(gate: Gate, plan: LoadPlan, faults: PlannedFaults): string | undefined {
  const { scope, limit } = gate;
  const span = scope.kind === 'after' ? episodeSpan(scope, faults) : undefined;
  if (span === undefined) return undefined;
  const loadMs = plan.endNs / NS_PER_MS - span.lastMs;
  const messages = plan.count - firstFrom(plan, span.lastMs * NS_PER_MS);
  const windowMs = Math.max(WINDOW_MS, (MESSAGES_PER_WINDOW * loadMs) / Math.max(1, messages));
  const neededMs = limit.value + WINDOWS * windowMs;
  if (loadMs >= neededMs) return undefined;
  return (
    `the load ends ${endsAfter(loadMs, scope)}; to see a recovery within ` +
    `${formatQuantity(limit)} takes ${formatDuration(Math.ceil(neededMs))} (the limit and three windows of ${formatDuration(Math.ceil(windowMs))}). ` +
    'Make the load longer or the limit shorter.'
  );
}

/** Why an `unavailable` gate can never fail: the load ends before a gap could be that long; undefined: it can. */
export function unavailableProblem(gate: Gate, plan: LoadPlan, faults: PlannedFaults): string | undefined {
  const { scope, limit, operator } = gate;
  const span = scope.kind === 'after' ? episodeSpan(scope, faults) : undefined;
  if (span === undefined || (operator !== '<' && operator !== '<=')) return undefined;
  const loadMs = plan.endNs / NS_PER_MS - span.firstMs;
  if (loadMs > limit.value) return undefined;
  return (
    `the load ends ${endsAfter(loadMs, scope)}, so no gap of ${formatQuantity(limit)} can be seen: ` +
    'the gate could never fail. Make the load longer or the limit shorter.'
  );
}

/** When the first and the last episode of the scope begin; with `lifted`, a fault without a duration is never over. */
function episodeSpan(scope: GateScope & { kind: 'after' }, faults: PlannedFaults) {
  const times = timesOf(faults, scope.fault);
  if (times === undefined || !scope.lifted) return times;
  const { firstMs, lastMs, liftedMs = Infinity } = times;
  return { firstMs: liftedMs, lastMs: liftedMs + lastMs - firstMs };
}

function endsAfter(loadMs: number, scope: GateScope): string {
  return loadMs < 0
    ? `before what is meant by "${formatScope(scope)}"`
    : `${formatDuration(loadMs)} ${formatScope(scope)}`;
}
