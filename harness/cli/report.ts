import { cp, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ReportError } from '../../reports/report-error.js';
import type { Results, Suite } from '../../reports/results.js';
import { loadStored, type StoredRun } from '../../reports/stored-runs.js';
import { composeSuite } from '../../reports/suite.js';
import { ensureWritable, writeScenarioReport, writeSuite } from '../../reports/write-report.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { mergeExitCodes } from '../run/run-suite.js';

const EXAMPLES = `
Examples:
  $ gauntlet report gauntlet-report --out again                a whole report folder, rendered again
  $ gauntlet report monday/steady/results.json tuesday/steady/results.json --out both
  $ gauntlet report results.json --out page

Exits with 0 when the report was written, whatever its verdict; with 2 when a document cannot be read.`;

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('Render reports again from stored results.')
    .argument('<paths...>', 'results.json files, or folders that hold one or several')
    .requiredOption('--out <dir>', 'folder to write to')
    .addHelpText('after', EXAMPLES)
    .action(report);
}

async function report(paths: string[], { out }: { out: string }): Promise<void> {
  const dir = resolve(out);
  const stored = await loadStored(paths);
  await ensureWritable(dir);
  for (const run of [...stored.runs, ...stored.earlier]) {
    const folder = join(dir, run.folder);
    await copyLogs(run, folder);
    await writeScenarioReport(folder, run.results);
  }
  for (const folder of foldersOfLogsAlone(stored.suite)) {
    await copyLogs({ dir: join(paths[0] ?? '', folder) }, join(dir, folder));
  }
  const results = stored.runs.map((run) => run.results);
  const suite =
    stored.suite ??
    composeSuite(stored.runs, mergeExitCodes(results.map(exitCodeOf)), `gauntlet report ${paths.join(' ')}`);
  await writeSuite(dir, suite, results);
  process.stdout.write(`Report: ${join(dir, 'index.html')}\n`);
}

/** Of runs that left logs but no results: the suite's page links those. */
function foldersOfLogsAlone(suite: Suite | undefined): string[] {
  return (suite?.scenarios ?? []).flatMap(({ logs = [] }) =>
    logs[0] === undefined ? [] : [dirname(dirname(logs[0]))],
  );
}

/** The page links its logs beside itself. */
async function copyLogs(run: Pick<StoredRun, 'dir'>, folder: string): Promise<void> {
  const from = join(run.dir, 'logs');
  const to = join(folder, 'logs');
  if (resolve(from) === to || !(await stat(from).catch(() => undefined))?.isDirectory()) return;
  try {
    await cp(from, to, { recursive: true });
  } catch (cause) {
    throw new ReportError('unwritable', `Cannot copy the logs ${from} to ${to}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function exitCodeOf({ verdict }: Results): ExitCode {
  return { pass: EXIT.pass, fail: EXIT.gateFailed, inconclusive: EXIT.inconclusive }[verdict];
}
