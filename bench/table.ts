import type { describeMachine } from '../harness/run/machine.js';
import { type GoalResult, goalLine } from './goals.js';
import { type BenchRatio, type BenchRow, formatValue } from './summary.js';

/** `bench/out/<name>.json`: a contract with scripts. */
export interface BenchResult {
  readonly name: string;
  readonly rows: readonly BenchRow[];
  readonly ratios: readonly BenchRatio[];
  readonly goals: readonly GoalResult[];
  /** Contenders that could not run, and why. */
  readonly missing: readonly { readonly label: string; readonly reason: string }[];
  readonly settings: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: ReturnType<typeof describeMachine>;
}

/** The result in Markdown. */
export function benchTable({ name, rows, ratios, goals, missing, settings, versions, machine }: BenchResult): string {
  const facts = Object.entries({ ...settings, ...versions }).map(([key, value]) => `${key} ${value}`);
  const ratioOf = new Map(ratios.map(({ of, to, value }) => [`${of} / ${to}`, value]));
  return [
    `## ${name}`,
    '',
    `${facts.join(', ')}; ${machine.cores} x ${machine.cpu}`,
    '',
    line(['', 'median', 'min', 'max', 'unit']),
    line(['---', '---:', '---:', '---:', '---']),
    ...rows.map(({ label, median, min, max, unit }) => line([label, ...[median, min, max].map(formatValue), unit])),
    '',
    ...(ratioOf.size === 0 ? [] : [line(['ratio', 'median of rounds']), line(['---', '---:'])]),
    ...[...ratioOf].map(([pair, value]) => line([pair, value.toFixed(2)])),
    '',
    ...goals.map((goal) => `- ${goalLine(goal)}`),
    ...(goals.length === 0 ? [] : ['']),
    ...missing.map(({ label, reason }) => `Not run: ${label}: ${reason}`),
    '',
  ].join('\n');
}

export function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
