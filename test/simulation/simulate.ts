import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { type BatchSummary, runBatch, seedsFrom } from './schedule/run-batch.js';
import type { ScheduleResult } from './schedule/run-schedule.js';
import { VARIANTS } from './variants/variants.js';

interface Options {
  readonly schedules: number;
  readonly seed: number;
  readonly workers: number;
  readonly variant?: string;
  readonly control?: boolean;
  readonly trace?: boolean;
  readonly stopAt: number;
}

const program = new Command('simulate')
  .description('Runs the broker through seeded schedules of faults, in simulated time.')
  .option('--schedules <n>', 'how many', positive, 1_000)
  .option('--seed <n>', 'of the first; the others count on', positive, 1)
  .option('--workers <n>', 'processes that share them', positive, availableParallelism())
  .option('--variant <name>', 'with this rule switched off: it has to fail')
  .option('--control', 'with --variant: its schedules, with the rule left on')
  .option('--trace', 'print every step')
  .option('--stop-at <n>', 'stop after this many failures', positive, 10)
  .addHelpText('after', `\nVariants: ${VARIANTS.map(({ name }) => name).join(', ')}`);
program.parse();
const options = program.opts<Options>();
const startedMs = performance.now();
const total = options.workers > 1 && options.schedules > 1 ? await shared() : await alone();
if (process.send === undefined) conclude(total);
else process.send(total);

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
  const sum: BatchSummary = { schedules: 0, failures: 0, events: 0, handlings: 0, accepted: 0, simulatedMs: 0 };
  for (const summary of await Promise.all(summaries)) {
    for (const name of Object.keys(sum) as (keyof BatchSummary)[]) sum[name] += summary[name];
  }
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

function conclude({ schedules, failures, events, handlings, accepted, simulatedMs }: BatchSummary): void {
  const seconds = (performance.now() - startedMs) / 1_000;
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
