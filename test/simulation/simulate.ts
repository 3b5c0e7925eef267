import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { readEvidence, withChunk, withVariant, writeEvidence } from './evidence.js';
import { addSummary, type BatchSummary, emptySummary, runBatch, seedsFrom } from './schedule/run-batch.js';
import type { ScheduleResult } from './schedule/run-schedule.js';
import { findSeed } from './variants/find-seed.js';
import { VARIANTS } from './variants/variants.js';

interface Options {
  readonly schedules: number;
  readonly seed: number;
  readonly workers: number;
  readonly variant?: string;
  readonly control?: boolean;
  readonly trace?: boolean;
  readonly evidence?: boolean;
  readonly variants?: boolean;
  readonly stopAt: number;
}

/** Within so many schedules each variant has to fail; most need less than 20. */
const MOST_SCHEDULES = 400;

const program = new Command('simulate')
  .description('Runs the broker through seeded schedules of faults, in simulated time.')
  .option('--schedules <n>', 'how many', positive, 1_000)
  .option('--seed <n>', 'of the first; the others count on', positive, 1)
  .option('--workers <n>', 'processes that share them', positive, availableParallelism())
  .option('--variant <name>', 'with this rule switched off: it has to fail')
  .option('--control', 'with --variant: its schedules, with the rule left on')
  .option('--variants', 'look for the first schedule that shows each of them, or the one that --variant names')
  .option('--evidence', 'keep the result under docs/evidence/simulation')
  .option('--trace', 'print every step')
  .option('--stop-at <n>', 'stop after this many failures', positive, 10)
  .addHelpText('after', `\nVariants: ${VARIANTS.map(({ name }) => name).join(', ')}`);
program.parse();
const options = program.opts<Options>();
const startedMs = performance.now();
if (options.variants) await tryVariants();
else {
  const total = options.workers > 1 && options.schedules > 1 ? await shared() : await alone();
  if (process.send === undefined) conclude(total);
  else process.send(total);
}

async function tryVariants(): Promise<void> {
  Error.stackTraceLimit = 0;
  for (const variant of VARIANTS) {
    const { name, rule } = variant;
    if (options.variant !== undefined && options.variant !== name) continue;
    const caught = await findSeed(variant, 1, MOST_SCHEDULES);
    print(caught === undefined ? `${name}: NOT CAUGHT` : `${name}: ${caught.rule}, seed ${caught.seed}`);
    if (caught === undefined) process.exitCode = 1;
    const { seed, schedules = MOST_SCHEDULES } = caught ?? {};
    const result = { name, rule, caughtBy: caught?.rule, seed, schedules };
    if (options.evidence) writeEvidence(withVariant(readEvidence(), result));
  }
}

async function alone(): Promise<BatchSummary> {
  const { schedules, seed, variant: name, control: isControl, trace, stopAt } = options;
  const variant = VARIANTS.find((one) => one.name === name);
  if (name !== undefined && variant === undefined) program.error(`error: no variant '${name}'`);
  // Broken connections make errors by the thousand; stacks of them would be most of the work.
  if (!trace) Error.stackTraceLimit = 0;
  const step = Number(process.env.SIMULATION_SEED_STEP ?? 1);
  return await runBatch({
    seeds: seedsFrom(seed, schedules, step),
    variant,
    isControl,
    stopAfterFailures: stopAt,
    onTrace: trace ? print : undefined,
    onFailure: report,
  });
}

/** Each worker takes every n-th seed. */
async function shared(): Promise<BatchSummary> {
  const { schedules, seed, workers, variant, control, stopAt } = options;
  const summaries = Array.from({ length: Math.min(workers, schedules) }, (_, i) => {
    const count = Math.floor((schedules - i - 1) / workers) + 1;
    const args = ['--workers', 1, '--schedules', count, '--seed', seed + i, '--stop-at', stopAt].map(String);
    if (variant !== undefined) args.push('--variant', variant);
    if (control) args.push('--control');
    const env = { ...process.env, SIMULATION_SEED_STEP: String(workers) };
    const child = fork(fileURLToPath(import.meta.url), args, { env });
    return new Promise<BatchSummary>((resolve, reject) => {
      child.once('message', (summary) => resolve(summary as BatchSummary));
      child.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
    });
  });
  const sum = emptySummary();
  for (const summary of await Promise.all(summaries)) addSummary(sum, summary);
  return sum;
}

function report(seed: number, result: ScheduleResult | Error): void {
  if (result instanceof Error) print(`seed ${seed}: ${result.stack ?? result.message}`);
  else {
    const { profile, topology, replicas, durability } = result.plan;
    print(`seed ${seed} (${profile}, ${topology}, ${replicas} replicas, ${durability}):`);
    for (const { rule, atMs, detail } of result.violations.slice(0, 5)) {
      print(`  ${rule} at ${atMs.toFixed(1)} ms: ${detail}`);
    }
  }
  const variant = options.variant === undefined ? '' : ` --variant ${options.variant}`;
  print(`  replay: npm run simulate -- --schedules 1 --seed ${seed}${variant} --trace`);
}

function conclude(summary: BatchSummary): void {
  const { schedules, failures, events, handlings, accepted, simulatedMs } = summary;
  const seconds = (performance.now() - startedMs) / 1_000;
  if (options.evidence) writeEvidence(withChunk(readEvidence(), { firstSeed: options.seed, seconds, ...summary }));
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  print(
    `${schedules} schedules in ${seconds.toFixed(1)} s (${(schedules / seconds).toFixed(1)}/s): ` +
      `${hours} simulated hours, ${events} events, ${accepted} messages accepted, ${handlings} handlings; ${failures} failed`,
  );
  process.exitCode = failures > 0 ? 1 : 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above 0');
}
