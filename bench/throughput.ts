import type { Benchmark, Contender } from './benchmark.js';
import type { ClientName } from './load/client.js';
import { measureLatency, measureMax } from './load/pair.js';
import { pairSettings } from './load/settings.js';

export const throughput: Benchmark = {
  name: 'throughput',
  summary: 'the reference broker against raw ioredis with one entry per message',
  baseline: 'raw ioredis',
  contenders: [
    contender('raw ioredis', 'one-entry-per-message'),
    contender('broker', 'broker'),
    contender('broker, keyless', 'broker-keyless'),
  ],
  settings: pairSettings,
};

function contender(label: string, client: ClientName): Contender {
  return {
    label,
    async run({ environment, quick, signal }) {
      const pair = { client, address: environment.nodes[0]!.direct, quick, signal };
      return [await measureMax(pair), ...(await measureLatency(pair))];
    },
  };
}
