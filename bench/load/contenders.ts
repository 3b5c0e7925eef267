import type { Contender } from '../benchmark.js';
import type { BrokerSpec, ClientSpec } from './client.js';
import { measureLatency, measureMax, OPEN_LOOP_RATE_PER_SEC } from './pair.js';
import { type Persistence, startRedis } from './redis-servers.js';
import { KEYS, PARTITIONS, PAYLOAD_BYTES } from './workload.js';

/** The broker as most would use it: keyed, everything on. */
export const KEYED_BROKER: BrokerSpec = { kind: 'broker', partitions: PARTITIONS, keys: KEYS };

/** Throughput of a client of one Redis, and where `replicas` are asked for, of its replicas. */
export function maxContender(
  label: string,
  client: ClientSpec,
  persistence: Persistence = 'memory',
  replicas = 0,
): Contender {
  return {
    label,
    async run(context) {
      const { target, groups } = await startRedis(context, persistence, replicas);
      return measureMax(context, { client, target, servers: groups });
    },
  };
}

/** Throughput, then latency in an open loop, without a proxy. */
export function maxAndLatencyContender(label: string, client: ClientSpec): Contender {
  return {
    label,
    async run(context) {
      const { target } = await startRedis(context, 'memory');
      const pair = { client, target };
      return [...(await measureMax(context, pair)), ...(await measureLatency(context, pair))];
    },
  };
}

/** What all pairs of processes have in common. */
export function pairSettings(): Readonly<Record<string, string | number>> {
  return {
    payloadBytes: PAYLOAD_BYTES,
    partitions: PARTITIONS,
    keys: KEYS,
    openLoopPerSec: OPEN_LOOP_RATE_PER_SEC,
    processes: '1 producer and 1 consumer',
    servers: 'on the same machine',
  };
}
