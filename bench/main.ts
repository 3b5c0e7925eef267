import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { didYouMean } from '../harness/scenario/suggest.js';
import { BENCHMARKS } from './benchmarks.js';
import { runBenchmark } from './run-benchmark.js';
import { benchTable } from './table.js';

const USAGE = `npm run bench -- <name> [flags]

  Runs the contenders interleaved, prints medians with minimum and maximum, and writes bench/out/<name>.json.
  --quick          fewer and shorter rounds, for trying out
  --rounds N       so many rounds
  --only A,B       only contenders whose label contains one of these, and the baseline
  --evidence       writes docs/evidence/bench/<name>.json instead
  --profile DIR    worker processes write CPU profiles into DIR (tsx bench/top-functions.ts reads them)

`;

const FLAGS = {
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  only: { type: 'string' },
  evidence: { type: 'boolean', default: false },
  profile: { type: 'string' },
} as const;

await main();

async function main(): Promise<void> {
  const { values: flags, positionals, problem } = parse();
  const [name] = positionals;
  if (problem !== undefined) return fail(`${problem}\n\n${USAGE}`);
  if (name === undefined) {
    process.stdout.write(USAGE + (await listing()));
    return;
  }
  const load = BENCHMARKS[name];
  if (load === undefined) {
    return fail(`No benchmark is named ${name}.${didYouMean(name, Object.keys(BENCHMARKS))}\n\n${await listing()}`);
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const result = await runBenchmark(await load(), {
    quick: flags.quick,
    rounds: flags.rounds === undefined ? undefined : Number(flags.rounds),
    only: flags.only?.split(','),
    profileDir: flags.profile === undefined ? undefined : resolve(flags.profile),
    log: (message) => process.stderr.write(`${message}\n`),
    signal: stop.signal,
  });
  const file = flags.evidence ? `docs/evidence/bench/${name}.json` : `bench/out/${name}.json`;
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${benchTable(result)}\nWritten to ${file}\n`);
}

function parse() {
  try {
    const parsed = parseArgs({ options: FLAGS, allowPositionals: true });
    const { rounds } = parsed.values;
    const isCount = rounds === undefined || /^[1-9]\d*$/.test(rounds);
    return { ...parsed, problem: isCount ? undefined : `--rounds ${rounds}: a whole number of at least 1.` };
  } catch (error) {
    return { values: { quick: false, evidence: false }, positionals: [], problem: (error as Error).message };
  }
}

async function listing(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(BENCHMARKS).map(async ([name, load]) => `  ${name.padEnd(16)}${(await load()).summary}\n`),
  );
  return lines.join('');
}

function fail(message: string): void {
  process.stderr.write(message);
  process.exitCode = 2;
}
