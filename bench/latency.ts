import type { Benchmark, Contender } from './benchmark.js';
import type { ClientSpec } from './load/client.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { measureLatency } from './load/pair.js';
import { startProxiedRedis } from './load/redis-servers.js';

/** From the intended send time to the handler, through a real Toxiproxy, as every scenario of the harness is measured. */
export const latency: Benchmark = {
  name: 'latency',
  summary: 'latency at 10,000/s through Toxiproxy: the reference broker, everything on, against raw ioredis',
  baseline: 'raw ioredis',
  goals: [
    { of: 'broker: p99 at 10,000/s', below: 10 },
    { of: 'broker: p99 at 10,000/s', atMost: 4 },
    { of: 'broker, 4 partitions: p99 at 10,000/s', below: 10 },
    { of: 'broker, 4 partitions: p99 at 10,000/s', atMost: 4 },
  ],
  contenders: [
    contender('raw ioredis', { kind: 'raw', format: 'payloads' }),
    contender('broker', KEYED_BROKER),
    contender('broker, 4 partitions', { ...KEYED_BROKER, partitions: 4 }),
    contender('broker, keyless', { ...KEYED_BROKER, keys: 0 }),
  ],
  settings: () => ({
    ...pairSettings(),
    durability: 'leader',
    persistence: 'none',
    topology: 'one Redis behind Toxiproxy',
  }),
};

function contender(label: string, client: ClientSpec): Contender {
  return {
    label,
    async run(context) {
      const { host, port } = (await startProxiedRedis(context)).nodes[0]!.clients;
      return measureLatency(context, { client, target: { host, port } });
    },
  };
}
