import { Command } from 'commander';
import { planOf } from './schedule/plan.js';
import { runSchedule } from './schedule/run-schedule.js';
import { VARIANTS } from './variants/variants.js';

const program = new Command('simulate')
  .description('Runs the broker through seeded schedules of faults, in simulated time.')
  .option('--schedules <n>', 'how many', Number, 1_000)
  .option('--seed <n>', 'of the first; the others count on', Number, 1)
  .option('--variant <name>', 'with this rule switched off')
  .option('--trace', 'print every step of the schedules')
  .option('--stop-at <n>', 'stop after this many failures', Number, 10);
program.parse();
const {
  schedules,
  seed: firstSeed,
  trace,
  stopAt,
  variant: variantName,
} = program.opts<{
  schedules: number;
  seed: number;
  trace?: boolean;
  variant?: string;
  stopAt: number;
}>();

// Broken connections make errors by the thousand; stacks of them would be most of the work.
if (!trace) Error.stackTraceLimit = 0;
const variant = VARIANTS.find(({ name }) => name === variantName);
if (variantName !== undefined && variant === undefined) {
  throw new Error(`variant '${variantName}': one of ${VARIANTS.map(({ name }) => name).join(', ')}`);
}
const print = (line: string) => process.stdout.write(`${line}\n`);
const startedMs = performance.now();
let run = 0;
let events = 0;
let handlings = 0;
let simulatedMs = 0;
const failures: number[] = [];
for (let seed = firstSeed; seed < firstSeed + schedules && failures.length < stopAt; seed++) {
  const plan = planOf(seed, variant?.bias);
  if (trace) print(JSON.stringify(plan));
  try {
    const result = await runSchedule(plan, { variant, onTrace: trace ? print : undefined });
    events += result.events;
    handlings += result.handlings;
    simulatedMs += result.simulatedMs;
    if (result.violations.length > 0) {
      failures.push(seed);
      print(`seed ${seed} (${plan.profile}, ${plan.topology}, ${plan.replicas} replicas, ${plan.durability}):`);
      for (const { rule, atMs, detail } of result.violations.slice(0, 5)) {
        print(`  ${rule} at ${atMs.toFixed(1)} ms: ${detail}`);
      }
      print(`  replay: npm run simulate -- --schedules 1 --seed ${seed} --trace`);
    }
  } catch (error) {
    failures.push(seed);
    print(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  run++;
}
const seconds = (performance.now() - startedMs) / 1_000;
print(
  `${run} schedules in ${seconds.toFixed(1)} s: ${((run / seconds) * 60).toFixed(0)} a minute; ` +
    `${(simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${events} events, ${handlings} handlings; ${failures.length} failed`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
