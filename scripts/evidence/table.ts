import { median } from '../../bench/summary.js';
import { line } from '../../bench/table.js';
import { type Conditions, conditionsOf } from '../conditions.js';
import type { Figures } from './figures.js';

export interface Evidence {
  readonly title: string;
  /** The command that made it. */
  readonly command: string;
  readonly figures: readonly Figures[];
  readonly conditions: readonly Conditions[];
}

type Column = readonly [title: string, of: (figures: Figures) => number | null, digits: number];

const COLUMNS: readonly Column[] = [
  ['lost', ({ lost }) => lost, 0],
  ['reordered', ({ reordered }) => reordered, 0],
  ['handled twice without an excuse', ({ unexcused }) => unexcused, 0],
  ['throughput /s', ({ throughputPerSec }) => throughputPerSec, 0],
  ['p50 ms', ({ p50 }) => p50, 2],
  ['p99 ms', ({ p99 }) => p99, 2],
  ['p99.9 ms', ({ p999 }) => p999, 2],
  ['generator lag p99 ms', ({ lagP99 }) => lagP99, 2],
  ['largest CPU steal', ({ stealMax }) => stealMax, 2],
];

/** README.md of an evidence folder: a row for each run, and what each fault cost over all runs of its scenario. */
export function evidenceTable({ title, command, figures, conditions }: Evidence): string {
  const scenarios = [...new Set(figures.map(({ scenario }) => scenario))];
  const runsOf = (scenario: string) => figures.filter((one) => one.scenario === scenario);
  const faults = scenarios.flatMap((scenario) => faultRows(scenario, runsOf(scenario)));
  return [
    `# ${title}: ${figures.length} ${figures.length === 1 ? 'run' : 'runs'}`,
    '',
    `Made by \`${command}\`; the raw results lie beside this file, and \`npx gauntlet report <files> --out <folder>\` renders them,`,
    'compressed ones too.',
    '',
    conditionsOf(conditions),
    '',
    'Throughput and latencies are those of the phase `steady`, before any fault, or of everything measured where there is no such phase.',
    '',
    line(['run', 'seed', 'verdict', ...COLUMNS.map(([column]) => column)]),
    line(['---', '---:', '---', ...COLUMNS.map(() => '---:')]),
    ...scenarios.flatMap((scenario) => runRows(scenario, runsOf(scenario))),
    '',
    ...(faults.length === 0 ? [] : faultTable(faults)),
  ].join('\n');
}

function runRows(scenario: string, runs: readonly Figures[]): string[] {
  const rows = runs.map((run) =>
    line([
      `[${run.file}](${run.file})`,
      String(run.seed),
      run.verdict,
      ...COLUMNS.map(([, of, digits]) => figure(of(run), digits)),
    ]),
  );
  if (runs.length === 1) return rows;
  const medians = COLUMNS.map(([, of, digits]) => figure(medianOf(runs.map(of)), digits));
  return [...rows, line([`**median of ${scenario}**`, '', '', ...medians])];
}

function faultTable(rows: readonly string[]): string[] {
  const header = ['scenario', 'fault', 'what', 'recovered within s', 'without a success for s'];
  return [
    'From each injection, median and longest of the runs. Recovered: the first of three consecutive seconds in which 95 % of the messages are',
    'done within the limit of the latency gate. The longest time without a success is looked for until the end of the load, so faults',
    'that belong together share it.',
    '',
    line(header),
    line(['---', '---', '---', '---:', '---:']),
    ...rows,
    '',
  ];
}

function faultRows(scenario: string, runs: readonly Figures[]): string[] {
  return (runs[0]?.faults ?? []).map(({ id, description }) => {
    const seen = runs.flatMap(({ faults }) => faults.filter((fault) => fault.id === id));
    return line([
      scenario,
      id,
      description,
      spread(seen.map(({ recoveryMs }) => recoveryMs)),
      spread(seen.map(({ unavailableMs }) => unavailableMs)),
    ]);
  });
}

function spread(valuesMs: readonly (number | null)[]): string {
  const infinite = valuesMs.map((ms) => (ms ?? Infinity) / 1000);
  const told = [median(infinite), Math.max(...infinite)].map((s) => (Number.isFinite(s) ? s.toFixed(1) : 'never'));
  return valuesMs.length === 1 ? (told[0] as string) : told.join(', ');
}

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? median(known) : null;
}

function figure(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}
