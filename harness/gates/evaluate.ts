import type { GateResult, Verdict } from '../../reports/results.js';
import type { CheckedRun } from '../ledger/checked-run.js';
import type { Gate, Scenario } from '../scenario/scenario.js';
import { decide, marginOf } from './decide.js';
import { formatQuantity, formatScope } from './gate-expression.js';
import { disturbedSpans, type InstrumentReading, instrumentProblems } from './instrument.js';
import { DEFAULT_CONFIDENCE, type Measurement, type Metric, type Span } from './metric.js';
import { recoveryLimit } from './recovery-limit.js';
import { findMetric } from './registry.js';
import { absenceOf, lengthNs, rateSpans, subtract } from './scope.js';

/** Half a report interval: a stall that a throughput can notice. */
const THROUGHPUT_STALL_MS = 50;

export interface Evaluation {
  readonly gates: readonly GateResult[];
  readonly verdict: Verdict;
  /** One sentence. */
  readonly reason: string;
  /** What was wrong with the instrument. */
  readonly problems: readonly string[];
}

export interface EvaluateInput {
  readonly scenario: Scenario;
  readonly run: CheckedRun;
  readonly instrument: InstrumentReading;
}

/** Judges every gate of the scenario, and the run by them: fail before inconclusive before pass. */
export function evaluateGates(input: EvaluateInput): Evaluation {
  const problems = instrumentProblems(input.run, input.instrument);
  const gates = input.scenario.gates.map((gate) => evaluateGate(gate, input));
  const failed = gates.filter(({ verdict }) => verdict === 'fail');
  const open = gates.filter(({ verdict }) => verdict === 'inconclusive');
  if (failed.length > 0) return { gates, verdict: 'fail', reason: `${sentence(failed)}.`, problems };
  if (problems.length > 0) return { gates, verdict: 'inconclusive', reason: `${problems.join('; ')}.`, problems };
  if (open.length > 0) return { gates, verdict: 'inconclusive', reason: `${sentence(open)}.`, problems };
  return { gates, verdict: 'pass', reason: `All ${gates.length} gates passed.`, problems };
}

function evaluateGate(gate: Gate, input: EvaluateInput): GateResult {
  const metric = findMetric(gate.metric);
  if (!metric) throw new Error(`gate "${gate.text}" names the unknown metric ${gate.metric}`);
  const { run, scenario } = input;
  const measurement = metric.measure({ run, scenario, gate, without: [] });
  const absence = absenceOf(run, gate.scope, measurement.samples);
  const first = absence === undefined ? decide(gate, measurement) : undefined;
  const judged = first === 'fail' ? judgeFailure(gate, metric, measurement, input) : undefined;
  const verdict = judged?.verdict ?? first ?? 'inconclusive';
  const obstacle = judged?.obstacle ?? (first === undefined ? (absence ? 'absent-fault' : 'no-interval') : undefined);
  const { value, samples, interval } = measurement;
  const margin = marginOf(value, gate.operator, gate.limit.value);
  const unsure = first === undefined ? (absence ?? 'too few seconds for an interval') : undefined;
  const notes = [judged?.note, unsure, measurement.note];
  return {
    expression: gate.text,
    metric: gate.metric,
    scope: formatScope(gate.scope),
    implicit: gate.implicit,
    verdict,
    observed: samples === 0 ? null : finite(value),
    limit: gate.limit.value,
    operator: gate.operator,
    unit: gate.limit.unit,
    margin: samples === 0 ? null : finite(margin),
    interval: interval ? [finite(interval[0]), finite(interval[1])] : null,
    confidence: gate.confidence ?? DEFAULT_CONFIDENCE,
    samples,
    note: notes.filter((note) => note !== undefined).join('; ') || null,
    ...(obstacle !== undefined && { obstacle }),
    repeats: [samples === 0 ? null : finite(value)],
  };
}

/** An inconclusive one says what was in the way. */
interface JudgedFailure {
  readonly verdict: Verdict;
  readonly note: string | undefined;
  readonly obstacle?: GateResult['obstacle'];
}

/** Whether a failure stands: not on a damaged ledger, and not when only a disturbed machine explains it. */
function judgeFailure(
  gate: Gate,
  metric: Metric,
  { samples }: Measurement,
  { run, scenario, instrument }: EvaluateInput,
): JudgedFailure {
  if (run.damage.length > 0 && metric.name !== 'crashed') {
    const note = 'the ledger that it rests on is damaged';
    return { verdict: 'inconclusive', note, obstacle: 'damaged-ledger' };
  }
  if (samples === 0) return { verdict: 'fail', note: 'nothing to judge by: no samples in scope' };
  if (!metric.excusable) return { verdict: 'fail', note: undefined };
  const without = disturbedSpans(run, instrument, stallLimitMs(gate, run, scenario) / 2);
  const scope = rateSpans(run, gate.scope);
  const share = droppedShare(scope, without);
  if (share === 0) return { verdict: 'fail', note: undefined };
  const percent = `${(share * 100).toFixed(1)} % of its time`;
  const obstacle = 'disturbed-machine';
  if (share > 0.5) return { verdict: 'inconclusive', note: `the machine was disturbed for ${percent}`, obstacle };
  const again = decide(gate, metric.measure({ run, scenario, gate, without }));
  return again === 'pass'
    ? { verdict: 'inconclusive', note: `passes without ${percent} in which the machine was disturbed`, obstacle }
    : { verdict: 'fail', note: `fails also without ${percent} in which the machine was disturbed` };
}

/** The limit whose half a stall must exceed to matter. */
function stallLimitMs(gate: Gate, run: CheckedRun, scenario: Scenario): number {
  if (gate.metric === 'throughput') return 2 * THROUGHPUT_STALL_MS;
  if (gate.metric === 'goodput') return scenario.load.message.deadlineMs ?? 2 * THROUGHPUT_STALL_MS;
  if (gate.metric === 'recovery') return recoveryLimit(run, scenario).ms;
  return gate.limit.value;
}

function droppedShare(scope: readonly Span[], without: readonly Span[]): number {
  const whole = lengthNs(scope);
  return whole === 0 ? 0 : 1 - lengthNs(subtract(scope, without)) / whole;
}

/** `lost == 0: observed 3 (and 2 more gates)`. */
function sentence(gates: readonly GateResult[]): string {
  const [first] = gates;
  if (!first) return '';
  const observed = first.samples === 0 ? 'no samples' : `observed ${observedText(first)}`;
  const more = gates.length === 1 ? '' : ` (and ${gates.length - 1} more gate${gates.length === 2 ? '' : 's'})`;
  const what = first.verdict === 'fail' ? 'failed' : 'is inconclusive';
  const why = first.verdict === 'inconclusive' && first.note !== null ? `: ${first.note}` : '';
  return `${first.expression} ${what}: ${observed}${why}${more}`;
}

function observedText({ observed, unit }: GateResult): string {
  return observed === null ? 'never (infinite)' : formatQuantity({ value: observed, unit });
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
