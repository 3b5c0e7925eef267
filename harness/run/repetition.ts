import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { earlierFolder } from '../../reports/earlier-runs.js';
import { ReportError } from '../../reports/report-error.js';
import type { Results, Suite } from '../../reports/results.js';
import { setAside } from '../../reports/set-aside.js';
import { writeScenarioReport } from '../../reports/write-report.js';
import { NS_PER_MS } from '../clock.js';
import { HarnessError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Scenario } from '../scenario/scenario.js';
import { mayClearUp } from './may-clear-up.js';
import type { SuiteOptions } from './run-suite.js';

/** One of `--repeat`. */
export interface Repetition {
  readonly scenario: Scenario;
  /** From 1. */
  readonly number: number;
  /** Below the report folder. */
  readonly folder: string;
  /** As progress shows it: `2/5 redis-paused`. */
  readonly title: string;
}

/** What came of it. */
export interface Outcome {
  readonly entry: Suite['scenarios'][number];
  /** Undefined when it ended without. */
  readonly results: Results | undefined;
  readonly exitCode: ExitCode;
}

/**
 * Runs a repetition, and again while it is inconclusive in a way that another run may clear up, `rerunInconclusive`
 * times at most. Whatever else comes of a run stands. Each that was inconclusive is kept in a folder of its own.
 */
export async function runRepetition(
  options: SuiteOptions,
  repetition: Repetition,
  signal: AbortSignal,
): Promise<Outcome> {
  const { progress, reportDir, rerunInconclusive } = options;
  const { folder, title, scenario } = repetition;
  const earlier: NonNullable<Outcome['entry']['earlier']> = [];
  for (;;) {
    const attempt = earlier.length + 1;
    const number = attempt === 1 ? '' : ` (run ${attempt} of at most ${rerunInconclusive + 1})`;
    progress.scenario(`${title}${number}`, scenario.description);
    const { entry, results, exitCode } = await runOnce(options, repetition, attempt, signal);
    const outcome = { entry: earlier.length === 0 ? entry : { ...entry, earlier }, results, exitCode };
    if (exitCode !== EXIT.inconclusive || attempt > rerunInconclusive || signal.aborted) return outcome;
    if (results === undefined || !mayClearUp(results)) {
      progress.event('inconclusive, and not run again: another run would not clear that up');
      return outcome;
    }
    const kept = earlierFolder(folder, attempt);
    await setAside(join(reportDir, folder), join(reportDir, kept));
    earlier.push({ folder: kept, reason: entry.reason, durationMs: entry.durationMs });
    progress.event(`inconclusive, and run again: ${entry.reason}`);
  }
}

async function runOnce(
  options: SuiteOptions,
  { scenario, number, folder }: Repetition,
  attempt: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock, progress } = options;
  const reportDir = join(options.reportDir, folder);
  const startNs = clock.nowNs();
  const entryOf = (entry: Omit<Outcome['entry'], 'name' | 'durationMs'>) => ({
    name: scenario.name,
    durationMs: (clock.nowNs() - startNs) / NS_PER_MS,
    ...entry,
  });
  try {
    const document = await options.run({ ...options, scenario, repetition: number, reportDir }, signal);
    const results = attempt === 1 ? document : { ...document, run: { ...document.run, attempt } };
    await writeScenarioReport(reportDir, results);
    const { verdict, reason } = results;
    return { entry: entryOf({ folder, verdict, reason }), results, exitCode: exitCodeOf(results) };
  } catch (thrown) {
    const error = firstError(thrown);
    if (error instanceof ReportError) throw error;
    const exitCode = error instanceof HarnessError ? error.exitCode : EXIT.environment;
    const interrupted = exitCode === EXIT.interrupted;
    const reason = error instanceof HarnessError ? error.message : `internal error: ${describe(error)}`;
    if (!interrupted) progress.event(reason);
    const logs = await keptLogs(reportDir, folder);
    const entry = entryOf({ folder: null, verdict: interrupted ? 'interrupted' : 'error', reason, logs });
    return { entry, results: undefined, exitCode };
  } finally {
    progress.end();
  }
}

function exitCodeOf(results: Results): ExitCode {
  if (results.verdict === 'pass') return EXIT.pass;
  return results.verdict === 'fail' ? EXIT.gateFailed : EXIT.inconclusive;
}

/** What a run without results leaves to look at. */
async function keptLogs(dir: string, folder: string): Promise<string[]> {
  const names = await readdir(join(dir, 'logs')).catch(() => []);
  return names.sort().map((name) => `${folder}/logs/${name}`);
}

/** What went wrong first, where clearing up after it went wrong too. */
function firstError(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof Error && 'suppressed' in error) error = error.suppressed;
  return error;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
