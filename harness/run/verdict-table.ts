import { runHistory } from '../../reports/earlier-runs.js';
import { formatMedian } from '../../reports/format.js';
import { repeatedGates, repeatedScenarios } from '../../reports/repeats.js';
import type { Results, Suite } from '../../reports/results.js';
import { suiteRows } from '../../reports/suite.js';
import type { Colours } from '../colours.js';

const MARK = { pass: 'PASS', fail: 'FAIL', inconclusive: '????', error: 'ERR ', interrupted: 'STOP' } as const;
const COLOUR = { pass: 'green', fail: 'red', inconclusive: 'yellow', error: 'red', interrupted: 'yellow' } as const;

/** The final table on stdout: a line a scenario, then each gate that did not pass with its figures. */
export function renderVerdictTable(suite: Suite, results: readonly Results[], pc: Colours): string {
  const rows = suiteRows(suite, results);
  const width = Math.max(8, ...suite.scenarios.map((scenario) => scenario.name.length));
  const lines = [
    '',
    `      ${'scenario'.padEnd(width)}  delivered       lost  throughput       p50       p99     p99.9`,
  ];
  for (const { entry, results: run } of rows) {
    const mark = pc[COLOUR[entry.verdict]](MARK[entry.verdict]);
    lines.push(`${mark}  ${entry.name.padEnd(width)}  ${run === undefined ? firstLine(entry.reason) : figures(run)}`);
  }
  for (const { results: run } of rows) if (run !== undefined) lines.push(...shortfalls(run, pc));
  lines.push(...runAgain(suite, pc));
  for (const one of repeatedScenarios(results)) lines.push(...overRuns(one, pc));
  lines.push('');
  return lines.join('\n');
}

/** The whole of it went to stderr, and is in the suite's page. */
function firstLine(reason: string): string {
  return reason.split('\n', 1)[0] ?? '';
}

function figures(result: Results): string {
  const { counts } = result.ledger;
  const share = counts.delivered?.share;
  const measured = result.phases.filter((phase) => phase.measure);
  const seconds = measured.reduce((sum, phase) => sum + (phase.endMs - phase.startMs) / 1000, 0);
  const throughput = measured.reduce(
    (sum, phase) => sum + (phase.throughputPerSec * (phase.endMs - phase.startMs)) / 1000,
    0,
  );
  const { summary } = result.overall.e2e;
  return [
    (share == null ? '-' : `${(share * 100).toFixed(3)} %`).padStart(9),
    String(counts.lost?.value ?? '-').padStart(9),
    `${Math.round(throughput / seconds)}/s`.padStart(10),
    ms(summary.p50),
    ms(summary.p99),
    ms(summary.p999),
  ].join('  ');
}

function ms(value: number | null): string {
  return (value === null ? 'never' : `${value.toFixed(1)} ms`).padStart(8);
}

function shortfalls(result: Results, pc: Colours): string[] {
  const failed = result.gates.filter((gate) => gate.verdict !== 'pass');
  if (failed.length === 0 && result.verdict === 'pass') return [];
  const lines = ['', `${pc.bold(result.run.scenario.name)}: ${result.reason}`];
  for (const gate of failed) {
    const observed = gate.observed === null ? 'never or not measurable' : formatValue(gate.observed, gate.unit);
    lines.push(`  ${pc[COLOUR[gate.verdict]](MARK[gate.verdict])}  ${gate.expression}`);
    lines.push(`        observed ${observed}${gate.note === null ? '' : `; ${gate.note}`}`);
  }
  for (const problem of result.instrument.problems) lines.push(`  ${pc.yellow('instrument:')} ${problem}`);
  return lines;
}

/** With `--rerun-inconclusive`: a line for each verdict that is not of the first run. */
function runAgain(suite: Suite, pc: Colours): string[] {
  const rows = suite.scenarios.flatMap((entry) => {
    const history = runHistory(suite, entry);
    return history === undefined ? [] : [`${pc.bold(entry.folder ?? entry.name)}: ${history}`];
  });
  return rows.length === 0 ? [] : ['', ...rows];
}

/** With `--repeat`: a line a gate. */
function overRuns(result: Results, pc: Colours): string[] {
  const gates = repeatedGates(result).map((gate) => {
    const { verdict, passed, runs } = gate.overRuns;
    return `  ${pc[COLOUR[verdict]](MARK[verdict])}  ${gate.expression}: ${passed} of ${runs}, median ${formatMedian(gate.overRuns, gate)}`;
  });
  return gates.length === 0 ? [] : ['', `${pc.bold(result.run.scenario.name)}, over all runs`, ...gates];
}

function formatValue(value: number, unit: Results['gates'][number]['unit']): string {
  switch (unit) {
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case 'share':
      return `${(value * 100).toFixed(4)} %`;
    case 'per-sec':
      return `${Math.round(value)}/s`;
    case 'count':
    case 'number':
      return String(Number(value.toPrecision(6)));
    default:
      return unit satisfies never;
  }
}
