import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../harness/scenario/suggest.js';
import { BENCHMARKS } from './benchmarks.js';
import { formatValue, runBenchmark } from './run-benchmark.js';
import type { BenchResult } from './summary.js';

const USAGE = `npm run bench -- <name> [--quick]

  Runs the contenders interleaved, prints medians with minimum and maximum, and writes bench/out/<name>.json.
  --quick: fewer and shorter rounds, for trying out.

`;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes('--quick');
  const unknownFlag = args.find((arg) => arg.startsWith('-') && arg !== '--quick');
  const [name] = args.filter((arg) => !arg.startsWith('-'));
  if (unknownFlag !== undefined) return fail(`Unknown flag ${unknownFlag}.\n\n${USAGE}`);
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
  const log = (message: string) => process.stderr.write(`${message}\n`);
  const result = await runBenchmark(await load(), { quick, log, signal: stop.signal });
  const path = fileURLToPath(new URL(`./out/${name}.json`, import.meta.url));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${table(result)}\nWritten to bench/out/${name}.json\n`);
}

async function listing(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(BENCHMARKS).map(async ([name, load]) => `  ${name.padEnd(16)}${(await load()).summary}\n`),
  );
  return lines.join('');
}

function table({ name, rows, ratios, settings, versions }: BenchResult): string {
  const facts = Object.entries({ ...settings, ...versions }).map(([key, value]) => `${key} ${value}`);
  const width = Math.max(...rows.map(({ label }) => label.length)) + 2;
  const lines = rows.map(({ label, unit, median, min, max }) => {
    const spread = `(${formatValue(min)} to ${formatValue(max)})`;
    return `  ${label.padEnd(width)}${formatValue(median).padStart(10)}  ${spread.padEnd(24)} ${unit}`;
  });
  const compared = ratios.map(({ of, to, value }) => `  ${of} / ${to} = ${value.toFixed(2)}`);
  return [`${name}: ${facts.join(', ')}`, 'median (min to max)', ...lines, 'ratios', ...compared, ''].join('\n');
}

function fail(message: string): void {
  process.stderr.write(message);
  process.exitCode = 2;
}
