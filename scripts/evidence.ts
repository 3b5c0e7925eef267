import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { EXIT, type ExitCode } from '../harness/exit-codes.js';
import { mergeExitCodes } from '../harness/run/run-suite.js';
import { parseResults, readSuite } from '../reports/read-results.js';
import type { Conditions } from './conditions.js';
import { type Figures, figuresOf } from './evidence/figures.js';
import { evidenceTable } from './evidence/table.js';

/**
 * Runs scenarios, files or folders, some times and keeps the raw results with a table of the figures in
 * docs/evidence/<name>: npm run evidence -- <paths...> [runs] [--name N] [--tags a,b] [--set path=value]
 * The first run has each scenario's own seed, each further one another.
 */

const SEED_STEP = 1000;

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
const cli = fileURLToPath(new URL('../dist/harness/cli/main.js', import.meta.url));
// The run that is under way hears it too, and ends in its own order.
process.on('SIGINT', () => undefined);
const made = await mkdtemp(join(tmpdir(), 'gauntlet-evidence-'));
try {
  process.exitCode = await collect();
} finally {
  await rm(made, { recursive: true, force: true });
}

/** What was there before is replaced when all runs were made, and left alone otherwise. */
async function collect(): Promise<number> {
  const figures: Figures[] = [];
  const conditions: Conditions[] = [];
  const files: { file: string; packed: Buffer }[] = [];
  const exitCodes: ExitCode[] = [];
  for (let run = 1; run <= runs; run++) {
    const report = join(made, String(run));
    const seed = run === 1 ? [] : ['--seed', String(run * SEED_STEP)];
    const exitCode = gauntlet([...paths, ...seed, ...passedOn(), '--report', report]);
    if (exitCode !== EXIT.pass && exitCode !== EXIT.gateFailed && exitCode !== EXIT.inconclusive) return exitCode;
    exitCodes.push(exitCode);
    for (const { folder } of (await readSuite(join(report, 'suite.json'))).scenarios) {
      if (folder === null) continue;
      const source = join(report, folder, 'results.json');
      const text = await readFile(source, 'utf8');
      const results = parseResults(text, source);
      const file = `${folder}-${run}.json.gz`;
      files.push({ file, packed: gzipSync(text, { level: 9 }) });
      figures.push(figuresOf(results, file));
      conditions.push({ ...results.run, commit: results.run.gitCommit });
    }
  }
  const target = join('docs', 'evidence', name);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const { file, packed } of files) await writeFile(join(target, file), packed);
  const command = `npm run evidence -- ${process.argv.slice(2).join(' ')}`;
  const table = evidenceTable({ title: name, command, figures, conditions });
  await writeFile(join(target, 'README.md'), table);
  console.log(table);
  return mergeExitCodes(exitCodes);
}

function passedOn(): string[] {
  return [...(flags.tags === undefined ? [] : ['--tags', flags.tags]), ...flags.set.flatMap((set) => ['--set', set])];
}

function gauntlet(args: readonly string[]): ExitCode {
  const { status, error } = spawnSync(process.execPath, [cli, 'run', ...args], { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return (status ?? EXIT.interrupted) as ExitCode;
}
