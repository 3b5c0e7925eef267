import type { BenchContext, Measured } from '../benchmark.js';
import { closedLoad, openLoad, type PairFigures, type PairOptions, runPair } from './pair.js';

/** Throughput and CPU per message at the limit, then CPU per message and latency at a fixed rate. */
export async function measureCost(context: BenchContext, pair: Omit<PairOptions, 'load'>): Promise<Measured[]> {
  const max = await runPair(context, { ...pair, load: closedLoad(context.quick) });
  const fixed = await runPair(context, { ...pair, load: openLoad(context.quick) });
  return [
    { metric: 'max', unit: 'msg/s', value: max.messagesPerSec },
    ...cpuOf(max, 'at max'),
    ...cpuOf(fixed, 'at 10,000/s'),
    { metric: 'p50 at 10,000/s', unit: 'ms', value: fixed.latencyMs.p50 },
    { metric: 'p99 at 10,000/s', unit: 'ms', value: fixed.latencyMs.p99 },
    { metric: 'peak memory of producer', unit: 'MiB', value: mib(max.peakRssBytes.producer) },
    { metric: 'peak memory of consumer', unit: 'MiB', value: mib(max.peakRssBytes.consumer) },
  ];
}

function cpuOf({ cpuUs: { producer, consumer, servers } }: PairFigures, when: string): Measured[] {
  const server = servers.reduce((sum, us) => sum + us, 0);
  const row = (what: string, value: number) => ({ metric: `CPU of ${what} ${when}`, unit: 'us a message', value });
  return [
    row('producer', producer),
    row('consumer', consumer),
    row('Redis', server),
    row('all', producer + consumer + server),
  ];
}

export function mib(bytes: number): number {
  return bytes / 1024 / 1024;
}
