import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode } from '../harness/exit-codes.js';
import { gitCommit } from '../harness/run/machine.js';
import { mergeExitCodes } from '../harness/run/run-suite.js';
import { findScenarios } from '../harness/scenario/find-scenarios.js';
import { readSuite } from '../reports/read-results.js';
import type { Results } from '../reports/results.js';
import type { Conditions } from './conditions.js';
import { type Figures, figuresOf } from './evidence/figures.js';
import { EvidenceProgress, type Origin } from './evidence/progress.js';
import { evidenceTable } from './evidence/table.js';

/**
 * Runs scenarios, files or folders, some times and keeps the raw results with a table of the figures in
 * docs/evidence/<name>: npm run evidence -- <paths...> [runs] [--name N] [--tags a,b] [--set path=value]
 * The first run has each scenario's own seed, each further one another. Interrupted and called again at the same commit,
 * with the same scenario files, --tags and --set, it goes on behind the last result, which it keeps in
 * evidence-in-progress/<name> until all are there.
 */

const SEED_STEP = 1000;
const EXIT_OF = { pass: EXIT.pass, fail: EXIT.gateFailed, inconclusive: EXIT.inconclusive } as const;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string' }, tags: { type: 'string' }, set: { type: 'string', multiple: true, default: [] } },
});
const last = Number(positionals.at(-1));
const runs = Number.isNaN(last) ? 5 : last;
const paths = Number.isNaN(last) ? positionals : positionals.slice(0, -1);
if (paths.length === 0 || !Number.isInteger(runs) || runs < 1) {
  console.error('Usage: npm run evidence -- <paths...> [runs, at least 1] [--name N] [--tags a,b] [--set path=value]');
  process.exit(2);
}
const name = flags.name ?? basename(paths[0] as string, '.yaml');
const target = join('docs', 'evidence', name);
const progress = new EvidenceProgress(join('evidence-in-progress', name));
const cli = fileURLToPath(new URL('../dist/harness/cli/main.js', import.meta.url));
// The run that is under way hears it too, and ends in its own order.
process.on('SIGINT', () => undefined);
process.exitCode = await collect();

/** What was there before is replaced when all runs were made, and left alone otherwise. */
async function collect(): Promise<number> {
  const scenarios = await findScenarios(paths, flags.tags?.split(','));
  const commit = gitCommit('.');
  const figures: Figures[] = [];
  const conditions: Conditions[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const scenario of scenarios) {
      const file = `${basename(scenario, extname(scenario))}-${run}.json.gz`;
      const origin = { commit, scenario: await readFile(scenario, 'utf8'), set: flags.set, tags: flags.tags };
      const results = (await progress.kept(file, origin)) ?? (await make(scenario, run, file, origin));
      if (typeof results === 'number') return results;
      figures.push(figuresOf(results, file));
      conditions.push({ ...results.run, commit: results.run.gitCommit });
    }
  }
  await progress.moveTo(
    target,
    figures.map(({ file }) => file),
  );
  const command = `npm run evidence -- ${process.argv.slice(2).join(' ')}`;
  const table = evidenceTable({ title: name, command, figures, conditions });
  await writeFile(join(target, 'README.md'), table);
  console.log(table);
  return mergeExitCodes(figures.map(({ verdict }) => EXIT_OF[verdict]));
}

/** Makes one run; the exit code instead where there is no result. */
async function make(scenario: string, run: number, file: string, origin: Origin): Promise<Results | ExitCode> {
  const report = await mkdtemp(join(tmpdir(), 'gauntlet-evidence-'));
  try {
    const seed = run === 1 ? [] : ['--seed', String(run * SEED_STEP)];
    const set = flags.set.flatMap((one) => ['--set', one]);
    const exitCode = gauntlet([scenario, ...seed, ...set, '--report', report]);
    if (exitCode !== EXIT.pass && exitCode !== EXIT.gateFailed && exitCode !== EXIT.inconclusive) return exitCode;
    const [entry] = (await readSuite(join(report, 'suite.json'))).scenarios;
    const source = join(report, entry!.folder as string, 'results.json');
    return await progress.keep(file, origin, await readFile(source));
  } finally {
    await rm(report, { recursive: true, force: true });
  }
}

function gauntlet(args: readonly string[]): ExitCode {
  const { status, error } = spawnSync(process.execPath, [cli, 'run', ...args], { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return (status ?? EXIT.interrupted) as ExitCode;
}
