import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '../harness/environment/binaries/ensure-binaries.js';
import { startNativeEnvironment } from '../harness/environment/native.js';
import type { Benchmark, Measured } from './benchmark.js';
import { type BenchResult, summarize } from './summary.js';

const ROUNDS = 5;
const QUICK_ROUNDS = 3;

export interface RunOptions {
  readonly quick: boolean;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Runs the contenders interleaved, each round in another order, each time on fresh servers. */
export async function runBenchmark(benchmark: Benchmark, { quick, log, signal }: RunOptions): Promise<BenchResult> {
  const { contenders } = benchmark;
  const binaries = await ensureBinaries({ log, signal });
  const dir = await mkdtemp(join(tmpdir(), 'gauntlet-bench-'));
  const rounds: Map<string, readonly Measured[]>[] = [];
  try {
    for (let round = 0; round < (quick ? QUICK_ROUNDS : ROUNDS); round++) {
      const measured = new Map<string, readonly Measured[]>(contenders.map(({ label }) => [label, []]));
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length]!;
        await using environment = await startNativeEnvironment({
          redis: { topology: 'standalone', replicas: 0, config: { appendonly: 'no', save: '' } },
          binaries,
          logDir: join(dir, `${round}-${turn}`),
          log: () => {},
          signal,
        });
        const values = await contender.run({ environment, quick, signal });
        measured.set(contender.label, values);
        log(`round ${round + 1}, ${contender.label}: ${values.map(describe).join(', ')}`);
      }
      rounds.push(measured);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return {
    name: benchmark.name,
    ...summarize(rounds, benchmark.baseline),
    settings: { ...benchmark.settings(quick), rounds: rounds.length, quick: String(quick) },
    versions: {
      node: process.version,
      redis: binaries.redisServer.version,
      toxiproxy: binaries.toxiproxyServer.version,
    },
  };
}

function describe({ metric, unit, value }: Measured): string {
  return `${metric} ${formatValue(value)} ${unit}`;
}

export function formatValue(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}
