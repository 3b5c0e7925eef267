import { decodeHistogram, type LatencyName } from './hdr.js';
import type { LatencyResult, Results, Story, Verdict } from './results.js';

/** Upper bounds in seconds: Prometheus' habit, with more of them where brokers live. */
const BOUNDS_SEC = [
  0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'inconclusive'];
/** The specification's limit for the names and values of an exemplar's labels. */
const EXEMPLAR_CHARS = 128;

type Labels = Readonly<Record<string, string>>;

/**
 * metrics.txt: OpenMetrics 1.0 text. The `+Inf` bucket and `_count` of a latency include the messages that were never
 * delivered, so that a quantile over the buckets means the same as in the report; `_sum` is of the delivered ones.
 */
export function renderOpenMetrics(results: Results): string {
  const { run, instrument } = results;
  const base: Labels = { scenario: run.scenario.name };
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, unit?: string) => {
    lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
    if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
  };
  const sample = (name: string, labels: Labels, value: number | null, exemplar = '') => {
    if (value !== null) lines.push(`${name}${renderLabels({ ...base, ...labels })} ${number(value)}${exemplar}`);
  };
  const states = (name: string, labels: Labels, verdict: Verdict) => {
    for (const state of VERDICTS) sample(name, { ...labels, [name]: state }, state === verdict ? 1 : 0);
  };

  family('gauntlet_run', 'info', 'The run that these figures are of.');
  sample(
    'gauntlet_run_info',
    {
      run: run.id,
      seed: String(run.seed),
      driver: run.driver.name,
      gauntlet: run.versions.gauntlet,
      redis: run.versions.redis,
      toxiproxy: run.versions.toxiproxy,
      node: run.versions.node,
    },
    1,
  );
  family('gauntlet_verdict', 'stateset', 'The verdict of the run.');
  states('gauntlet_verdict', {}, results.verdict);

  family('gauntlet_gate_verdict', 'stateset', 'The verdict of a gate.');
  for (const [i, gate] of results.gates.entries()) {
    states('gauntlet_gate_verdict', { gate: gate.expression, index: String(i) }, gate.verdict);
  }
  family('gauntlet_gate_observed', 'gauge', 'What a gate observed, in its unit; infinite where it has no end.');
  for (const [i, gate] of results.gates.entries()) {
    const infinite = gate.observed === null && gate.unit === 'ms' && gate.samples > 0;
    sample(
      'gauntlet_gate_observed',
      { gate: gate.expression, index: String(i), unit: gate.unit },
      infinite ? Number.POSITIVE_INFINITY : gate.observed,
    );
  }
  family('gauntlet_gate_limit', 'gauge', 'The limit of a gate, in its unit.');
  for (const [i, gate] of results.gates.entries()) {
    sample('gauntlet_gate_limit', { gate: gate.expression, index: String(i), unit: gate.unit }, gate.limit);
  }

  family('gauntlet_ledger_messages', 'gauge', 'Messages of the ledger by what became of them.', 'messages');
  for (const [name, count] of Object.entries(results.ledger.counts)) {
    sample('gauntlet_ledger_messages', { class: name }, count.value);
  }

  family('gauntlet_latency_seconds', 'histogram', 'Latency from the intended send time, by phase.', 'seconds');
  for (const kind of ['e2e', 'publish'] as const satisfies readonly LatencyName[]) {
    for (const [i, phase] of results.phases.entries()) {
      const stories = kind === 'e2e' ? storiesOf(results, phase.name) : [];
      histogram({ kind, phase: phase.name, index: String(i) }, phase[kind], stories);
    }
  }

  family('gauntlet_throughput', 'gauge', 'Messages intended in the phase and delivered by its end + 1 s, a second.');
  for (const [i, phase] of results.phases.entries()) {
    sample('gauntlet_throughput', { phase: phase.name, index: String(i) }, phase.throughputPerSec);
  }
  family('gauntlet_fault_took_hold', 'gauge', 'Whether the effect of a fault was seen.');
  for (const [i, fault] of results.faults.entries()) {
    sample('gauntlet_fault_took_hold', faultLabels(fault, i), fault.tookHold ? 1 : 0);
  }
  family('gauntlet_fault_recovery_seconds', 'gauge', 'From a fault to steady state.', 'seconds');
  for (const [i, fault] of results.faults.entries()) {
    sample('gauntlet_fault_recovery_seconds', faultLabels(fault, i), seconds(fault.recoveryMs));
  }
  family('gauntlet_fault_unavailable_seconds', 'gauge', 'The longest gap between deliveries after a fault.', 'seconds');
  for (const [i, fault] of results.faults.entries()) {
    sample('gauntlet_fault_unavailable_seconds', faultLabels(fault, i), seconds(fault.unavailableMs));
  }
  family('gauntlet_generator_lag_seconds', 'gauge', 'Sent minus intended send time, by quantile.', 'seconds');
  const { p50, p99, max } = instrument.lag.summary;
  for (const [quantile, ms] of Object.entries({ '0.5': p50, '0.99': p99, '1': max })) {
    sample('gauntlet_generator_lag_seconds', { quantile }, seconds(ms));
  }
  family('gauntlet_system', 'gauge', 'What the driver says about itself, by gauge.');
  for (const [name, value] of Object.entries(results.system)) sample('gauntlet_system', { gauge: name }, value);
  lines.push('# EOF');
  return `${lines.join('\n')}\n`;

  function histogram(labels: Labels, latency: LatencyResult, stories: readonly Story[]): void {
    const decoded = decodeHistogram(latency.histogram);
    const counts = cumulative(latency);
    BOUNDS_SEC.forEach((bound, i) => {
      const exemplar = exemplarFor(stories, i === 0 ? 0 : BOUNDS_SEC[i - 1]!, bound);
      sample('gauntlet_latency_seconds_bucket', { ...labels, le: number(bound) }, counts[i]!, exemplar);
    });
    const total = decoded.totalCount + latency.undelivered;
    const open = exemplarFor(stories, BOUNDS_SEC.at(-1)!, Number.POSITIVE_INFINITY);
    sample('gauntlet_latency_seconds_bucket', { ...labels, le: '+Inf' }, total, open);
    sample('gauntlet_latency_seconds_count', labels, total);
    const sum = decoded.totalCount === 0 ? 0 : (decoded.mean * decoded.totalCount) / 1e6;
    sample('gauntlet_latency_seconds_sum', labels, sum);
  }
}

/** Messages at or below each bound, to the histogram's three digits. */
function cumulative(latency: LatencyResult): number[] {
  const histogram = decodeHistogram(latency.histogram);
  const total = histogram.totalCount;
  return BOUNDS_SEC.map((bound) => {
    // The highest rank whose value is within the bound: values grow with rank, so halving finds it.
    let low = 0;
    let high = total;
    while (low < high) {
      const rank = Math.ceil((low + high) / 2);
      if (histogram.getValueAtPercentile((rank / total) * 100) <= bound * 1e6 * 1.001) low = rank;
      else high = rank - 1;
    }
    return low;
  });
}

function storiesOf(results: Results, phase: string): Story[] {
  return [...(results.ledger.slowest ?? []), ...Object.values(results.ledger.examples).flat()].filter(
    (story) => story.phase === phase && typeof story.latencyMs === 'number',
  );
}

function exemplarFor(stories: readonly Story[], aboveSec: number, upToSec: number): string {
  const story = stories.find(({ id, latencyMs }) => {
    const sec = (latencyMs ?? -1) / 1000;
    return sec > aboveSec && sec <= upToSec && [...id].length <= EXEMPLAR_CHARS - 'message_id'.length;
  });
  if (story === undefined) return '';
  return ` # ${renderLabels({ message_id: story.id })} ${number(story.latencyMs! / 1000)}`;
}

function faultLabels(fault: Results['faults'][number], index: number): Labels {
  return { fault: fault.id, kind: fault.kind, index: String(index) };
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value
    .replace(/\p{Cs}/gu, '\uFFFD')
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/\r?\n|\r/g, '\\n');
}

function escapeHelp(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isNaN(value) ? 'NaN' : String(value);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
