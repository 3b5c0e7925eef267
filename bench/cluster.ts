import type { Benchmark, Contender, Measured } from './benchmark.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { closedLoad, runPair } from './load/pair.js';
import { type RedisServers, startCluster, startRedis } from './load/redis-servers.js';

const US_PER_SEC = 1e6;

/**
 * On few cores the clients and the other shards take what a shard could use. So beside the measured throughput stands what
 * the busiest shard's CPU per message allows: a Redis executes commands on one core.
 */
export const cluster: Benchmark = {
  name: 'cluster',
  summary: 'throughput of the reference broker on a Redis Cluster of 1, 2 and 3 shards',
  baseline: '1 shard',
  contenders: [
    contender('one Redis, no cluster', (context) => startRedis(context, 'memory')),
    contender('1 shard', (context) => startCluster(context, 1)),
    contender('2 shards', (context) => startCluster(context, 2)),
    contender('3 shards', (context) => startCluster(context, 3)),
  ],
  settings: () => ({
    ...pairSettings(),
    durability: 'leader',
    persistence: 'none',
    topology: 'masters without replicas, no proxies',
  }),
};

function contender(
  label: string,
  start: (context: Parameters<Contender['run']>[0]) => Promise<RedisServers>,
): Contender {
  return {
    label,
    async run(context): Promise<Measured[]> {
      const { target, groups } = await start(context);
      const pair = { client: KEYED_BROKER, target, servers: groups, load: closedLoad(context.quick) };
      const { messagesPerSec, cpuUs } = await runPair(context, pair);
      const busiestUs = Math.max(...cpuUs.servers);
      return [
        { metric: 'max', unit: 'msg/s', value: messagesPerSec },
        { metric: 'CPU of the busiest shard', unit: 'us a message', value: busiestUs },
        { metric: 'CPU of all shards', unit: 'us a message', value: cpuUs.servers.reduce((sum, us) => sum + us, 0) },
        { metric: 'what the busiest shard would allow', unit: 'msg/s', value: US_PER_SEC / busiestUs },
      ];
    },
  };
}
