import type { Benchmark, Contender } from './benchmark.js';
import type { BrokerSpec } from './load/client.js';
import { measureGroup } from './load/consumer-group.js';
import { KEYED_BROKER } from './load/contenders.js';
import { startRedis } from './load/redis-servers.js';
import { KEYS, PARTITIONS, PAYLOAD_BYTES } from './load/workload.js';

const HANDLER_MS = 20;
const CONCURRENCY = 8;
const CLIENT: BrokerSpec = { ...KEYED_BROKER, handlerMs: HANDLER_MS, concurrency: CONCURRENCY };

/** Handlers that wait for something else: what more consumers bring. */
export const scaling: Benchmark = {
  name: 'scaling',
  summary: 'throughput of 1, 2 and 4 consumer processes of a group whose handler waits for 20 ms',
  baseline: '1 worker',
  goals: [
    { of: '2 workers: handled', to: '1 worker: handled', atLeast: 1.8 },
    { of: '4 workers: handled', to: '1 worker: handled', atLeast: 3.5 },
  ],
  rounds: 3,
  contenders: [contender(1), contender(2), contender(4)],
  settings: () => ({
    payloadBytes: PAYLOAD_BYTES,
    partitions: PARTITIONS,
    keys: KEYS,
    handlerMs: HANDLER_MS,
    concurrency: `${CONCURRENCY} a worker`,
    processes: '1 producer and 1, 2 or 4 consumers',
    durability: 'leader',
    persistence: 'none',
    topology: 'one Redis',
  }),
};

function contender(workers: number): Contender {
  return {
    label: `${workers} worker${workers === 1 ? '' : 's'}`,
    async run(context) {
      const { target } = await startRedis(context, 'memory');
      return measureGroup(context, { client: CLIENT, target, workers });
    },
  };
}
