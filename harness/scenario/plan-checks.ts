import { NS_PER_MS, NS_PER_SEC } from '../clock.js';
import { formatQuantity } from '../gates/gate-expression.js';
import type { LoadPlan, PlannedPhase } from '../load/plan.js';
import { type PlannedFault, planFaults } from './fault-schedule.js';
import type { Registries } from './registries.js';
import type { FaultSpec, Gate, Scenario } from './scenario.js';
import type { Finding } from './scenario-error.js';
import { formatDuration, formatRate } from './units.js';

/** A gate above this share of what is planned fails on the first hiccup; just below it, on a small one. */
const REFUSED_ABOVE = 0.99;
const DOUBTFUL_ABOVE = 0.97;

/** Recovery is seen in three windows of a second, longer ones where a second has fewer than 100 messages. */
const WINDOWS = 3;
const WINDOW_MS = 1000;
const MESSAGES_PER_WINDOW = 100;

export interface PlanFindings {
  readonly problems: Finding[];
  readonly warnings: Finding[];
}

/** Gates against the realised plan of the seed: what it could never reach, and what would never notice. */
export function checkPlan(scenario: Scenario, plan: LoadPlan, registries: Registries): PlanFindings {
  const found: PlanFindings = { problems: [], warnings: [] };
  const planned = planFaults(scenario.faults, scenario.load.phases, registries.faults);
  const faultAt = (id: string): PlannedFault | undefined => {
    const time = planned.get(id);
    return typeof time === 'object' ? time : undefined;
  };
  for (const [index, gate] of scenario.gates.entries()) {
    if (gate.implicit) continue;
    if (gate.metric === 'throughput') checkThroughput(gate, index, plan, faultAt, found);
    if (gate.metric === 'recovery') checkRecovery(gate, index, plan, faultAt, found);
  }
  checkFaultTimes(scenario, plan, faultAt, found);
  if (!scenario.gates.some(noticesDelay)) {
    const message =
      'no gate limits latency, throughput, recovery or unavailable: a system that delivers only after the load has ended would pass.';
    found.warnings.push({ code: 'impossible', path: ['gates'], atKey: true, message });
  }
  return found;
}

type FaultAt = (id: string) => PlannedFault | undefined;

function checkThroughput(gate: Gate, index: number, plan: LoadPlan, faultAt: FaultAt, found: PlanFindings): void {
  if (!['>=', '>', '=='].includes(gate.operator)) return;
  const rate = plannedRate(gate, plan, faultAt);
  if (rate === undefined || gate.limit.value <= rate * DOUBTFUL_ABOVE) return;
  const path = ['gates', index];
  const said = `${formatQuantity(gate.limit)} of planned ${formatRate(Math.round(rate * 100) / 100)}`;
  if (gate.limit.value > rate * REFUSED_ABOVE) {
    const message = `${said} is more than 99%, which no system can be held to; plan more load or lower the limit.`;
    found.problems.push({ code: 'impossible', path, message });
  } else {
    const message = `${said} is more than 97%: one short stall fails it.`;
    found.warnings.push({ code: 'impossible', path, message });
  }
}

/** Messages that can be delivered, a second, in the gate's scope; undefined where it depends on the run. */
function plannedRate(gate: Gate, plan: LoadPlan, faultAt: FaultAt): number | undefined {
  const { scope } = gate;
  switch (scope.kind) {
    case 'default':
      return rateOf(
        plan,
        plan.phases.filter((phase) => phase.measure),
      );
    case 'overall':
      return rateOf(plan, plan.phases);
    case 'during':
      return rateOf(
        plan,
        plan.phases.filter((phase) => scope.phases.includes(phase.name)),
      );
    case 'after': {
      const startNs = (faultAt(scope.fault)?.firstMs ?? 0) * NS_PER_MS;
      const spans = plan.phases.flatMap((phase) => {
        if (!phase.measure || phase.endNs <= startNs) return [];
        const first = firstFrom(plan, Math.max(phase.startNs, startNs));
        return [{ ...phase, startNs: Math.max(phase.startNs, startNs), first }];
      });
      return rateOf(plan, spans);
    }
    case 'outside-faults':
      return undefined;
    default:
      return scope satisfies never;
  }
}

function rateOf(plan: LoadPlan, phases: readonly PlannedPhase[]): number | undefined {
  let messages = 0;
  let durationNs = 0;
  for (const { first, end, startNs, endNs } of phases) {
    for (let ordinal = first; ordinal < end; ordinal++) if (plan.poison[ordinal] === 0) messages++;
    durationNs += endNs - startNs;
  }
  return durationNs === 0 ? undefined : (messages * NS_PER_SEC) / durationNs;
}

function checkRecovery(gate: Gate, index: number, plan: LoadPlan, faultAt: FaultAt, found: PlanFindings): void {
  const fault = gate.scope.kind === 'after' ? faultAt(gate.scope.fault) : undefined;
  if (fault === undefined || gate.scope.kind !== 'after') return;
  const endMs = plan.endNs / NS_PER_MS;
  const loadMs = endMs - fault.lastMs;
  const messages = plan.count - firstFrom(plan, fault.lastMs * NS_PER_MS);
  const windowMs = Math.max(WINDOW_MS, (MESSAGES_PER_WINDOW * loadMs) / Math.max(1, messages));
  const neededMs = gate.limit.value + WINDOWS * windowMs;
  if (loadMs >= neededMs) return;
  const message =
    `the load ends ${formatDuration(loadMs)} after ${gate.scope.fault}; to see a recovery within ` +
    `${formatQuantity(gate.limit)} takes ${formatDuration(Math.ceil(neededMs))} (the limit and three windows of ${formatDuration(Math.ceil(windowMs))}). ` +
    'Make the load longer or the limit shorter.';
  found.problems.push({ code: 'impossible', path: ['gates', index], message });
}

function checkFaultTimes(scenario: Scenario, plan: LoadPlan, faultAt: FaultAt, found: PlanFindings): void {
  const endMs = plan.endNs / NS_PER_MS;
  for (const [index, fault] of scenario.faults.entries()) {
    const time = faultAt(fault.id);
    if (time !== undefined) warnOutsidePhase(fault, index, plan, found);
    if (time?.liftedMs === undefined) continue;
    const liftedMs = time.lastMs + (time.liftedMs - time.firstMs);
    if (liftedMs <= endMs) continue;
    const message = `${fault.id} would be lifted ${formatDuration(liftedMs)} into a load that ends after ${formatDuration(endMs)}; it is lifted then.`;
    found.warnings.push({ code: 'impossible', path: ['faults', index], message });
  }
}

function warnOutsidePhase({ id, at }: FaultSpec, index: number, plan: LoadPlan, found: PlanFindings): void {
  if (at.after !== 'phase') return;
  const phase = plan.phases.find(({ name }) => name === at.phase);
  if (phase === undefined || at.offsetMs * NS_PER_MS < phase.endNs - phase.startNs) return;
  const lasts = formatDuration((phase.endNs - phase.startNs) / NS_PER_MS);
  const message = `${id} begins ${formatDuration(at.offsetMs)} into ${phase.name}, which lasts ${lasts}: it falls into a later phase.`;
  found.warnings.push({ code: 'impossible', path: ['faults', index, 'at'], message });
}

/** The first ordinal due at or after `ns`: ordinals ascend with time. */
function firstFrom(plan: LoadPlan, ns: number): number {
  let low = 0;
  let high = plan.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (plan.intendedNs[middle]! < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

function noticesDelay({ metric, implicit }: Gate): boolean {
  return !implicit && /^(latency(\..+)?|throughput|recovery|unavailable)$/.test(metric);
}
