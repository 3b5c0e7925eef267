import { join } from 'node:path';
import { clearScenarioReport, clearSuite } from '../../reports/clear-report.js';
import { renderMarkdown } from '../../reports/markdown.js';
import { overRuns } from '../../reports/repeats.js';
import type { GateResult, Results, Suite } from '../../reports/results.js';
import { ensureWritable, writeScenarioReport, writeSuite } from '../../reports/write-report.js';
import { type Clock, NS_PER_MS } from '../clock.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Progress } from './progress.js';
import { type Outcome, runRepetition } from './repetition.js';
import type { ScenarioOptions } from './run-scenario.js';
import type { RunTarget } from './start-environment.js';
import { appendStepSummary } from './step-summary.js';

export interface SuiteOptions {
  readonly scenarios: readonly Scenario[];
  readonly repeat: number;
  /** How often a run that is inconclusive is made again, of each repetition. */
  readonly rerunInconclusive: number;
  readonly failFast: boolean;
  readonly reportDir: string;
  readonly target: RunTarget;
  /** The command line that repeats the suite, as a person would type it. */
  readonly command: string;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Appended to, as GitHub's job page: the value of GITHUB_STEP_SUMMARY. */
  readonly stepSummary: string | undefined;
  /** Trouble that changes no verdict. */
  readonly warn: (message: string) => void;
  /** One run of one scenario: `runScenario`. */
  readonly run: (options: ScenarioOptions, signal: AbortSignal) => Promise<Results>;
}

export interface SuiteOutcome {
  readonly suite: Suite;
  readonly results: readonly Results[];
  readonly exitCode: ExitCode;
}

type Entry = Suite['scenarios'][number];

/** One scenario after the other, each repetition with a report of its own; then the suite's files. */
export async function runSuite(options: SuiteOptions, signal: AbortSignal): Promise<SuiteOutcome> {
  const { clock, reportDir, repeat, rerunInconclusive } = options;
  await ensureWritable(reportDir);
  await clearSuite(reportDir);
  for (const folder of folders(options)) await clearScenarioReport(join(reportDir, folder));
  const startedAt = new Date(clock.wallMs()).toISOString();
  const startNs = clock.nowNs();
  const outcomes: Outcome[] = [];
  const results: Results[] = [];

  for (const [index, scenario] of options.scenarios.entries()) {
    if (signal.aborted) break;
    const runs: { results: Results; folder: string }[] = [];
    for (let number = 1; number <= repeat; number++) {
      const folder = folderOf(scenario, number, repeat);
      const title = `${index + 1}/${options.scenarios.length} ${folder}`;
      const outcome = await runRepetition(options, { scenario, number, folder, title }, signal);
      outcomes.push(outcome);
      if (outcome.results !== undefined) runs.push({ results: outcome.results, folder });
      if (signal.aborted || (options.failFast && outcome.exitCode !== EXIT.pass)) break;
    }
    for (const run of repeat === 1 ? runs : shareRepeats(runs)) {
      if (repeat > 1) await writeScenarioReport(join(reportDir, run.folder), run.results);
      results.push(run.results);
    }
    if (options.failFast && outcomes.some(({ exitCode }) => exitCode !== EXIT.pass)) break;
  }

  const entries = outcomes.map(({ entry }) => entry);
  if (signal.aborted) entries.push(...neverRun(options.scenarios, entries));
  const exitCode = signal.aborted ? EXIT.interrupted : mergeExitCodes(outcomes.map((one) => one.exitCode));
  const suite: Suite = {
    gauntletSuite: 1,
    startedAt,
    durationMs: (clock.nowNs() - startNs) / NS_PER_MS,
    verdict: suiteVerdict(entries, signal.aborted),
    exitCode,
    command: options.command,
    ...(rerunInconclusive > 0 && { rerunInconclusive }),
    scenarios: entries,
  };
  await writeSuite(reportDir, suite, results);
  if (options.stepSummary) {
    await appendStepSummary(options.stepSummary, renderMarkdown(suite, results), options.warn);
  }
  return { suite, results, exitCode };
}

function folderOf({ name }: Scenario, repetition: number, repeat: number): string {
  return repeat === 1 ? name : `${name}-${repetition}`;
}

function folders({ scenarios, repeat }: SuiteOptions): string[] {
  return scenarios.flatMap((scenario) =>
    Array.from({ length: repeat }, (_, index) => folderOf(scenario, index + 1, repeat)),
  );
}

/** Every repetition's report shows what each gate came to in all of them. */
function shareRepeats(runs: readonly { results: Results; folder: string }[]): { results: Results; folder: string }[] {
  const byGate = runs[0]?.results.gates.map((_, index) => runs.map((run) => run.results.gates[index] as GateResult));
  const shared = byGate?.map((gates) => ({
    repeats: gates.map(({ observed }) => observed),
    overRuns: overRuns(gates),
  }));
  return runs.map(({ results, folder }) => ({
    folder,
    results: { ...results, gates: results.gates.map((gate, index) => ({ ...gate, ...shared?.[index] })) },
  }));
}

const PRECEDENCE: readonly ExitCode[] = [
  EXIT.interrupted,
  EXIT.usage,
  EXIT.gateFailed,
  EXIT.environment,
  EXIT.inconclusive,
];

/** Of a suite the first that applies of 130, 2, 1, 3, 4, 0. */
export function mergeExitCodes(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.pass;
}

/** What an interruption left over: a suite must not look complete without it. */
function neverRun(scenarios: readonly Scenario[], entries: readonly Entry[]): Entry[] {
  return scenarios
    .filter(({ name }) => !entries.some((entry) => entry.name === name))
    .map(({ name }) => ({ name, folder: null, verdict: 'interrupted', reason: 'never run', durationMs: 0 }));
}

function suiteVerdict(entries: readonly Entry[], interrupted: boolean): Suite['verdict'] {
  if (entries.some((entry) => entry.verdict === 'fail')) return 'fail';
  if (interrupted) return 'inconclusive';
  return entries.every((entry) => entry.verdict === 'pass') ? 'pass' : 'inconclusive';
}
