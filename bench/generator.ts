import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NS_PER_MS, NS_PER_SEC, systemClock } from '../harness/clock.js';
import { Damage } from '../harness/ledger/check/damage.js';
import type { LedgerFile } from '../harness/ledger/history.js';
import { LedgerReader } from '../harness/ledger/reader.js';
import { KIND } from '../harness/ledger/record.js';
import { type LoadPlan, planLoad } from '../harness/load/plan.js';
import type { RunContext } from '../harness/load/run-context.js';
import { WorkerProcess } from '../harness/load/worker-process.js';
import { randomNonce } from '../harness/random.js';
import type { Scenario } from '../harness/scenario/scenario.js';
import type { BenchContext, Benchmark, Contender, Measured } from './benchmark.js';
import { BareTimer } from './load/bare-timer.js';
import { startProxiedRedis } from './load/redis-servers.js';

const SIZE_BYTES = 1024;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 10_000;
const QUICK_MS = 3_000;
/** Between the last worker being ready and the first message. */
const LEAD_NS = 100 * NS_PER_MS;

/**
 * What the instrument itself can do: real producer processes, plan, payloads and ledger, against a driver that accepts at
 * once. Read from the ledger, as a run's figures are.
 */
export const generator: Benchmark = {
  name: 'generator',
  summary: 'the load generator against a driver that does nothing: rate, lag, and what it takes of a core',
  baseline: '10,000/s, 1 producer',
  goals: [
    { of: '10,000/s, 1 producer: lag p99', below: 2 },
    { of: '50,000/s, 1 producer: rate', atLeast: 49_500 },
    { of: '50,000/s, 2 producers: rate', atLeast: 49_500 },
  ],
  contenders: [contender(10_000, 1), contender(50_000, 1), contender(50_000, 2)],
  settings: (quick) => ({
    messageBytes: SIZE_BYTES,
    warmUpMs: WARM_UP_MS,
    measuredMs: quick ? QUICK_MS : MEASURED_MS,
  }),
};

function contender(ratePerSec: number, producers: number): Contender {
  const workers = `${producers} producer${producers > 1 ? 's' : ''}`;
  return {
    label: `${ratePerSec.toLocaleString('en-US')}/s, ${workers}`,
    run: (context) => measure(ratePerSec, producers, context),
  };
}

async function measure(ratePerSec: number, producers: number, bench: BenchContext) {
  const { quick, signal } = bench;
  const environment = await startProxiedRedis(bench);
  const scenario = generatorScenario(ratePerSec, producers, quick ? QUICK_MS : MEASURED_MS);
  const dir = await mkdtemp(join(tmpdir(), 'gauntlet-generator-'));
  const workers: WorkerProcess[] = [];
  const cpuShares: number[] = [];
  try {
    const context = await runContext(scenario, dir, environment.endpoints);
    let startNs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < producers; index++) {
      const onStats = ({ atNs, cpuShare }: { atNs: number; cpuShare: number }) => {
        const sinceMs = (atNs - startNs) / NS_PER_MS;
        // The interval that ends then lies within the measured phase.
        if (sinceMs > WARM_UP_MS + 250 && sinceMs < planEndMs(scenario)) cpuShares.push(cpuShare);
      };
      workers.push(new WorkerProcess(context, { role: 'producer', index, count: producers, onStats }));
    }
    await Promise.all(workers.map((worker) => worker.start()));
    startNs = systemClock.nowNs() + LEAD_NS;
    for (const worker of workers) worker.begin(startNs);
    const bareTimer = new BareTimer();
    const ends = await Promise.all(workers.map((worker) => worker.stop()));
    const timerP99Ms = bareTimer.stop(0.99);
    signal.throwIfAborted();
    const failed = ends.find((end) => end?.reason !== 'finished');
    if (failed !== undefined) throw new Error(`${failed.worker}: ${failed.detail}`);
    const plan = planLoad(scenario);
    const files = workers.flatMap((worker) => worker.ledgerFiles());
    const cpu = cpuShares.reduce((sum, share) => sum + share, 0) / (cpuShares.length / producers);
    return [
      ...judgeSends(plan, readSends(plan, files), startNs),
      { metric: 'wait for a bare 1 ms timer meanwhile, p99', unit: 'ms', value: timerP99Ms },
      { metric: 'CPU', unit: 'cores', value: cpu },
    ];
  } finally {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    await rm(dir, { recursive: true, force: true });
  }
}

/** Monotonic time of each message's hand-over. */
function readSends(plan: LoadPlan, files: readonly LedgerFile[]): Float64Array {
  const sentNs = new Float64Array(plan.count).fill(Number.POSITIVE_INFINITY);
  const damage = new Damage();
  for (const file of files) {
    using reader = new LedgerReader(file, damage);
    while (reader.next()) if (reader.kind === KIND.SENT) sentNs[reader.ordinal] = reader.ns;
  }
  return sentNs;
}

/** Rate and lag in the measured phase. */
function judgeSends(plan: LoadPlan, sentNs: Float64Array, startNs: number): Measured[] {
  const phase = plan.phases.at(-1)!;
  const lagMs = new Float64Array(phase.end - phase.first);
  const bySecond = new Float64Array(Math.ceil((phase.endNs - phase.startNs) / NS_PER_SEC));
  let sent = 0;
  for (let ordinal = phase.first; ordinal < phase.end; ordinal++) {
    const atNs = sentNs[ordinal]! - startNs;
    lagMs[ordinal - phase.first] = (atNs - plan.intendedNs[ordinal]!) / NS_PER_MS;
    const second = Math.floor((atNs - phase.startNs) / NS_PER_SEC);
    if (second >= bySecond.length) continue;
    sent++;
    bySecond[second]! += 1;
  }
  lagMs.sort();
  const quantile = (q: number) => lagMs[Math.max(0, Math.ceil(q * lagMs.length) - 1)]!;
  const seconds = (phase.endNs - phase.startNs) / NS_PER_SEC;
  return [
    { metric: 'rate', unit: 'msg/s', value: sent / seconds },
    { metric: 'rate of the worst second', unit: 'msg/s', value: Math.min(...bySecond) },
    { metric: 'lag p50', unit: 'ms', value: quantile(0.5) },
    { metric: 'lag p99', unit: 'ms', value: quantile(0.99) },
    { metric: 'lag max', unit: 'ms', value: quantile(1) },
  ];
}

async function runContext(scenario: Scenario, dir: string, endpoints: RunContext['endpoints']): Promise<RunContext> {
  const nonce = randomNonce();
  const [ledgerDir, logDir] = [join(dir, 'ledger'), join(dir, 'logs')];
  await Promise.all([ledgerDir, logDir].map((path) => mkdir(path)));
  const registry = { add: () => {}, remove: () => {} };
  return {
    scenario,
    nonce,
    topic: `generator-${nonce}`,
    group: 'none',
    endpoints,
    ledgerDir,
    logDir,
    registry,
    clock: systemClock,
  };
}

function planEndMs({ load }: Scenario): number {
  return load.phases.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function generatorScenario(ratePerSec: number, producers: number, measuredMs: number): Scenario {
  const arrivals = { kind: 'constant', ratePerSec } as const;
  return {
    name: 'generator',
    description: '',
    tags: [],
    seed: 1,
    system: { driver: 'null', options: {} },
    environment: { redis: { topology: 'standalone', replicas: 0, config: {} } },
    producers: { workers: producers },
    consumers: { workers: 1, members: 1, concurrency: 1, handler: { timeMs: 0, cpuMs: 0, failShare: 0 } },
    load: {
      message: {
        sizeBytes: SIZE_BYTES,
        keys: { kind: 'uniform', count: 1000 },
        priorities: [1],
        poison: {},
        publishDeadlineMs: 1000,
      },
      phases: [
        { name: 'warm-up', arrivals, durationMs: WARM_UP_MS, measure: false },
        { name: 'measured', arrivals, durationMs: measuredMs, measure: true },
      ],
    },
    faults: [],
    gates: [],
    drain: { deadlineMs: 0, inventoryMs: 30_000 },
    source: { path: 'generator', text: '' },
  };
}
