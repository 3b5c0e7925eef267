import type { Command } from 'commander';
import { coloursOf } from '../colours.js';
import { UsageError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findScenarios } from '../scenario/find-scenarios.js';
import { type ExaminedScenario, examineScenario } from '../scenario/load-scenario.js';
import type { ParseOptions } from '../scenario/parse-scenario.js';
import { formatProblem, ScenarioError, type ScenarioProblem } from '../scenario/scenario-error.js';
import { formatDuration } from '../scenario/units.js';

const EXAMPLES = `
Examples:
  $ gauntlet validate my.yaml
  $ gauntlet validate scenarios                       every *.yaml in the folder and below
  $ gauntlet validate 'scenarios/**/redis-*.yaml'
  $ gauntlet validate my.yaml --set load.message.size=4KiB --seed 7
  $ gauntlet validate scenarios --json | jq '.files[].problems[].message'

Exit codes: 0 all can be run (warnings included), 2 at least one cannot.`;

interface ValidateFlags {
  readonly set: readonly string[];
  readonly seed?: number;
  readonly tags?: readonly string[];
  readonly json?: boolean;
}

/** The outcome for one file, and the shape of `--json`. */
interface FileReport {
  readonly path: string;
  readonly valid: boolean;
  readonly name: string | null;
  readonly messages: number | null;
  readonly durationMs: number | null;
  readonly gates: number | null;
  /** Why the file cannot be read at all. */
  readonly error: string | null;
  readonly problems: readonly ScenarioProblem[];
  readonly warnings: readonly ScenarioProblem[];
}

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .description('Check scenario files, their plan included, without running them.')
    .argument('<paths...>', 'scenario files, folders or globs')
    .option('--set <path=value>', 'change a value of the scenario; may be repeated', collect, [])
    .option('--seed <n>', 'seed instead of the scenario’s', readSeed)
    .option('--tags <a,b>', 'only scenarios with one of these tags', (text: string) => text.split(','))
    .option('--json', 'print the problems and warnings of every file as JSON')
    .addHelpText('after', EXAMPLES)
    .action(validate);
}

async function validate(paths: string[], flags: ValidateFlags): Promise<void> {
  const { seed, set } = flags;
  const files = await findScenarios(paths, flags.tags);
  const examined: FileReport[] = [];
  for (const file of files) examined.push(await examine(file, { set, ...(seed === undefined ? {} : { seed }) }));
  const reports = examined.map((report) => withSharedName(report, examined));
  const valid = reports.every((report) => report.valid);
  if (flags.json) process.stdout.write(`${JSON.stringify({ valid, files: reports }, null, 2)}\n`);
  else process.stdout.write(`${[...reports.map(render), summary(reports)].join('\n')}\n`);
  if (!valid) process.exitCode = EXIT.usage;
}

async function examine(path: string, options: ParseOptions): Promise<FileReport> {
  try {
    return reportOf(path, await examineScenario(path, options));
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const unknown = { name: null, messages: null, durationMs: null, gates: null };
    const { problems } = error;
    return {
      path,
      valid: false,
      ...unknown,
      error: problems.length === 0 ? error.message : null,
      problems,
      warnings: [],
    };
  }
}

function reportOf(path: string, { scenario, plan, warnings }: ExaminedScenario): FileReport {
  return {
    path,
    valid: true,
    name: scenario.name,
    messages: plan.count,
    durationMs: scenario.load.phases.reduce((sum, phase) => sum + phase.durationMs, 0),
    gates: scenario.gates.length,
    error: null,
    problems: [],
    warnings,
  };
}

/** One run cannot have both: their reports would share a folder. */
function withSharedName(report: FileReport, all: readonly FileReport[]): FileReport {
  const other = all.find(({ name, path }) => name !== null && name === report.name && path !== report.path);
  if (other === undefined) return report;
  const message = `${other.path} is named "${report.name}" too, so one run cannot have both.`;
  const place = { file: report.path, line: undefined, column: undefined, flag: undefined, sourceLine: '', length: 0 };
  return { ...report, warnings: [...report.warnings, { code: 'impossible', path: 'name', message, ...place }] };
}

function render(report: FileReport): string {
  const pc = coloursOf(process.stdout);
  const warnings = report.warnings.map((warning) => `${pc.yellow('warning:')} ${formatProblem(warning)}\n`);
  if (!report.valid) {
    const lines = report.error === null ? report.problems.map(formatProblem) : [report.error];
    return [`${pc.red('FAIL')}  ${report.path}`, '', ...lines.map((line) => `${line}\n`)].join('\n');
  }
  const figures = `${report.messages} messages in ${formatDuration(report.durationMs ?? 0)}, ${report.gates} gates`;
  const head = `${pc.green('ok')}    ${report.path}  ${pc.dim(figures)}`;
  return warnings.length === 0 ? head : [head, ...warnings].join('\n');
}

function summary(reports: readonly FileReport[]): string {
  const pc = coloursOf(process.stdout);
  const count = (many: number, one: string, more = `${one}s`) => `${many} ${many === 1 ? one : more}`;
  const broken = reports.filter((report) => !report.valid);
  const problems = broken.reduce((sum, report) => sum + Math.max(1, report.problems.length), 0);
  const warnings = reports.reduce((sum, report) => sum + report.warnings.length, 0);
  const parts = [`${count(reports.length - broken.length, 'scenario')} can be run`];
  if (broken.length > 0) parts.push(pc.red(`${broken.length} cannot (${count(problems, 'problem')})`));
  if (warnings > 0) parts.push(pc.yellow(count(warnings, 'warning')));
  return parts.join(', ');
}

function collect(value: string, all: readonly string[]): string[] {
  return [...all, value];
}

function readSeed(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError('bad-flag', `--seed ${text}: expected a whole number from 0.`);
}
