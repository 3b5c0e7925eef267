import { NS_PER_MS, NS_PER_SEC } from '../clock.js';
import { formatQuantity, formatScope } from '../gates/gate-expression.js';
import { lengthNs } from '../gates/scope.js';
import type { LoadPlan } from '../load/plan.js';
import { recoveryProblem, unavailableProblem } from './episode-checks.js';
import { planFaults } from './fault-schedule.js';
import { messagesIn, type PlannedFaults, plannedSpans, timesOf } from './plan-scope.js';
import type { Registries } from './registries.js';
import type { FaultSpec, Gate, Scenario } from './scenario.js';
import type { Finding } from './scenario-error.js';
import { formatDuration, formatRate } from './units.js';

/** A gate above this share of what is planned fails on the first hiccup; just below it, on a small one. */
const REFUSED_ABOVE = 0.99;
const DOUBTFUL_ABOVE = 0.97;

export interface PlanFindings {
  readonly problems: Finding[];
  readonly warnings: Finding[];
}

/** Gates against the realised plan of the seed: what is decided in advance, and what would never notice. */
export function checkPlan(scenario: Scenario, plan: LoadPlan, registries: Registries): PlanFindings {
  const found: PlanFindings = { problems: [], warnings: [] };
  const times = planFaults(scenario.faults, scenario.load.phases, registries.faults);
  const faults: PlannedFaults = { specs: scenario.faults, times };
  for (const [index, gate] of scenario.gates.entries()) {
    // An implicit gate stands nowhere in the file: what is said of it points at the list of gates.
    const place = gate.implicit ? { path: ['gates'], atKey: true } : { path: ['gates', index] };
    const message = samplesProblem(gate, plan, faults, registries) ?? episodeProblem(gate, plan, faults);
    if (message !== undefined) found.problems.push({ code: 'impossible', ...place, message });
    else if (isRate(gate)) checkThroughput(gate, index, plan, faults, found);
    const doubt = confidenceDoubt(gate, scenario, registries);
    if (doubt !== undefined) found.warnings.push({ code: 'impossible', ...place, message: doubt });
  }
  checkFaultTimes(scenario, plan, faults, found);
  if (!scenario.gates.some(noticesDelay)) {
    const message =
      'no gate limits the latency of deliveries, throughput, goodput, recovery or unavailability: a system that delivers only after the load has ended would pass.';
    found.warnings.push({ code: 'impossible', path: ['gates'], atKey: true, message });
  }
  return found;
}

/** Why no message can be in the gate's scope, without which it fails; undefined: some are. */
function samplesProblem(
  gate: Gate,
  plan: LoadPlan,
  faults: PlannedFaults,
  { findMetric }: Registries,
): string | undefined {
  const { scope, text, implicit } = gate;
  const family = findMetric(gate.metric)?.family ?? 'rate';
  if (isEpisodic(gate) || (family === 'count' && scope.kind !== 'outside-faults')) return undefined;
  if (messagesIn(plannedSpans(scope, family, plan, faults), plan) > 0) return undefined;
  const nothing = `${implicit ? `the implicit gate ${text}` : text} has nothing to judge by and would fail`;
  const own = implicit ? ', or state a gate on it of your own, such as availability >= 99% overall' : '';
  if (family === 'rate' && !plan.phases.some(({ measure }) => measure)) {
    const remedy = 'Leave measure: false out of one, name phases with during, or say overall';
    return `${nothing}: every phase has measure: false. ${remedy}${own}.`;
  }
  if (scope.kind === 'outside-faults') {
    const margins = 'with a second before each and five after it';
    return `${nothing}: the faults, ${margins}, cover all ${family === 'rate' ? 'measured ' : ''}load. Make the load longer or lift the faults earlier${own}.`;
  }
  return `${nothing}: no measured phase has load ${formatScope(scope)}. Make the load longer, or say overall.`;
}

function episodeProblem(gate: Gate, plan: LoadPlan, faults: PlannedFaults): string | undefined {
  if (gate.metric === 'recovery') return recoveryProblem(gate, plan, faults);
  return gate.metric === 'unavailable' ? unavailableProblem(gate, plan, faults) : undefined;
}

/** Judged by what follows each injection, not by the messages of its scope. */
function isEpisodic({ metric }: Gate): boolean {
  return metric === 'recovery' || metric === 'unavailable';
}

/** Losses cluster in the episodes of a repeated fault, and an interval over messages takes each for a case of its own. */
function confidenceDoubt(gate: Gate, { faults }: Scenario, { findMetric }: Registries): string | undefined {
  const repeated = faults.find(({ repeat }) => repeat !== undefined && repeat.times > 1);
  const bySeconds = findMetric(gate.metric)?.excusable === true;
  if (gate.confidence === undefined || bySeconds || repeated === undefined) return undefined;
  return `${gate.text} decides on an interval that takes every message for independent, but ${repeated.id} repeats, and what it does to messages comes in clusters: the interval is too narrow. Repeat the run (--repeat) to be sure, or leave out with confidence.`;
}

function isRate({ metric }: Gate): boolean {
  return metric === 'throughput' || metric === 'goodput';
}

/** Of a gate on throughput or goodput with more than the plan, or hardly less. */
function checkThroughput(gate: Gate, index: number, plan: LoadPlan, faults: PlannedFaults, found: PlanFindings): void {
  if (!['>=', '>', '=='].includes(gate.operator)) return;
  const rate = plannedRate(gate, plan, faults);
  if (gate.limit.value <= rate * DOUBTFUL_ABOVE) return;
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

/** Messages that can be delivered, a second, in the gate's scope, which has some. */
function plannedRate({ scope }: Gate, plan: LoadPlan, faults: PlannedFaults): number {
  const spans = plannedSpans(scope, 'rate', plan, faults);
  return (messagesIn(spans, plan, (ordinal) => plan.poison[ordinal] === 0) * NS_PER_SEC) / lengthNs(spans);
}

function checkFaultTimes(scenario: Scenario, plan: LoadPlan, faults: PlannedFaults, found: PlanFindings): void {
  const endMs = plan.endNs / NS_PER_MS;
  for (const [index, fault] of scenario.faults.entries()) {
    const time = timesOf(faults, fault.id);
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

/** An acknowledgement comes before the delivery, and says nothing of it; a throughput below a limit is good for nothing. */
function noticesDelay(gate: Gate): boolean {
  const { metric, operator, implicit } = gate;
  if (implicit) return false;
  if (isRate(gate)) return operator.startsWith('>') || operator === '==';
  const isDelay = /^(latency\.(done\.)?(p\d.*|max)|recovery|unavailable)$/.test(metric);
  return isDelay && (operator.startsWith('<') || operator === '==');
}
