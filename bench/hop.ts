import type { Benchmark, Contender } from './benchmark.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { measureLatency, measureMax } from './load/pair.js';
import { startProxiedRedis } from './load/redis-servers.js';

/** What every figure of the harness contains: its clients reach Redis through Toxiproxy. */
export const hop: Benchmark = {
  name: 'hop',
  summary: 'the reference broker through an idle Toxiproxy against a direct connection',
  baseline: 'direct',
  contenders: [contender('direct'), contender('through toxiproxy')],
  settings: () => ({ ...pairSettings(), persistence: 'none', topology: 'one Redis' }),
};

function contender(label: 'direct' | 'through toxiproxy'): Contender {
  return {
    label,
    async run(context) {
      const { direct, clients } = (await startProxiedRedis(context)).nodes[0]!;
      const { host, port } = label === 'direct' ? direct : clients;
      const pair = { client: KEYED_BROKER, target: { host, port } };
      return [...(await measureMax(context, pair)), ...(await measureLatency(context, pair))];
    },
  };
}
