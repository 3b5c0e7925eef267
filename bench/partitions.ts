import type { Benchmark, Contender } from './benchmark.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { measureCost } from './load/cost.js';
import { startRedis } from './load/redis-servers.js';

/** At a fixed rate more partitions make smaller frames: what a message costs must not follow. */
export const partitions: Benchmark = {
  name: 'partitions',
  summary: 'what a keyed message costs with 1, 4, 16 and 64 partitions',
  baseline: '1 partition',
  goals: [
    { of: '16 partitions: CPU of all at 10,000/s', to: '1 partition: CPU of all at 10,000/s', atMost: 1.25 },
    { of: '64 partitions: CPU of all at 10,000/s', to: '1 partition: CPU of all at 10,000/s', atMost: 1.25 },
  ],
  rounds: 3,
  contenders: [contender(1), contender(4), contender(16), contender(64)],
  settings: () => ({
    ...pairSettings(),
    partitions: '1 to 64',
    durability: 'leader',
    persistence: 'none',
    topology: 'one Redis',
  }),
};

function contender(count: number): Contender {
  return {
    label: `${count} partition${count === 1 ? '' : 's'}`,
    async run(context) {
      const { target, groups } = await startRedis(context, 'memory');
      return measureCost(context, { client: { ...KEYED_BROKER, partitions: count }, target, servers: groups });
    },
  };
}
