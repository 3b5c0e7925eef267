import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from '../harness/environment/binaries/binary.js';
import { ensureBinaries } from '../harness/environment/binaries/ensure-binaries.js';
import { Disposal } from '../harness/environment/disposal.js';
import { createRunRegistry, type RunRegistry } from '../harness/environment/run-registry.js';
import { describeMachine } from '../harness/run/machine.js';
import type { Benchmark, Contender, Measured } from './benchmark.js';
import { judgeGoals } from './goals.js';
import { peerVersions } from './peer-versions.js';
import { formatValue, summarize } from './summary.js';
import type { BenchResult } from './table.js';

const ROUNDS = 5;
const QUICK_ROUNDS = 3;

export interface RunOptions {
  readonly quick: boolean;
  readonly rounds: number | undefined;
  /** Only contenders whose label contains one of these, and the baseline. */
  readonly only: readonly string[] | undefined;
  readonly profileDir: string | undefined;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Runs the contenders interleaved, each round in another order, each time on fresh servers. */
export async function runBenchmark(benchmark: Benchmark, options: RunOptions): Promise<BenchResult> {
  const { quick, log, signal } = options;
  const binaries = await ensureBinaries({ log, signal });
  const { present, missing } = await contendersOf(benchmark, options.only);
  for (const { label, reason } of missing) log(`not run: ${label}: ${reason}`);
  const count = options.rounds ?? Math.min(benchmark.rounds ?? ROUNDS, quick ? QUICK_ROUNDS : ROUNDS);
  await using registry = await createRunRegistry();
  const rounds: Map<string, readonly Measured[]>[] = [];
  for (let round = 0; round < count; round++) {
    const measured = new Map<string, readonly Measured[]>(present.map(({ label }) => [label, []]));
    for (let turn = 0; turn < present.length; turn++) {
      const contender = present[(turn + round) % present.length]!;
      const values = await takeTurn(contender, { ...options, binaries, registry });
      measured.set(contender.label, values);
      log(`round ${round + 1} of ${count}, ${contender.label}: ${values.map(describe).join(', ')}`);
    }
    rounds.push(measured);
  }
  const summary = summarize(rounds, benchmark.baseline, benchmark.versus);
  return {
    name: benchmark.name,
    ...summary,
    goals: judgeGoals(benchmark.goals ?? [], summary),
    missing,
    settings: { ...benchmark.settings(quick), rounds: rounds.length, quick: String(quick) },
    versions: {
      node: process.version,
      redis: binaries.redisServer.version,
      toxiproxy: binaries.toxiproxyServer.version,
      ...(await peerVersions(present.map(({ label }) => label))),
    },
    machine: describeMachine(),
  };
}

/** With whatever the contender starts ended behind it. */
async function takeTurn(
  contender: Contender,
  options: RunOptions & { readonly binaries: Binaries; readonly registry: RunRegistry },
): Promise<readonly Measured[]> {
  const { quick, binaries, registry, profileDir, signal } = options;
  await using disposal = new Disposal();
  const dir = await mkdtemp(join(tmpdir(), 'gauntlet-bench-'));
  disposal.defer(() => rm(dir, { recursive: true, force: true }));
  return await contender.run({ quick, binaries, registry, disposal, dir, profileDir, signal });
}

async function contendersOf({ contenders, baseline }: Benchmark, only: readonly string[] | undefined) {
  const present: Contender[] = [];
  const missing: { readonly label: string; readonly reason: string }[] = [];
  for (const contender of contenders) {
    const { label } = contender;
    if (only !== undefined && label !== baseline && !only.some((part) => label.includes(part))) continue;
    const reason = await contender.missing?.();
    if (reason === undefined) present.push(contender);
    else missing.push({ label, reason });
  }
  return { present, missing };
}

function describe({ metric, unit, value }: Measured): string {
  return `${metric} ${formatValue(value)} ${unit}`;
}
