import type { Benchmark, Contender } from './benchmark.js';
import { measureLatency, measureMax } from './load/pair.js';
import { pairSettings } from './load/settings.js';

/** What every figure of the harness contains: its clients reach Redis through Toxiproxy. */
export const hop: Benchmark = {
  name: 'hop',
  summary: 'the reference broker through an idle Toxiproxy against a direct connection',
  baseline: 'direct',
  contenders: [contender('direct'), contender('through toxiproxy')],
  settings: pairSettings,
};

function contender(label: 'direct' | 'through toxiproxy'): Contender {
  return {
    label,
    async run({ environment, quick, signal }) {
      const { direct, clients } = environment.nodes[0]!;
      const pair = { client: 'broker', address: label === 'direct' ? direct : clients, quick, signal } as const;
      return [await measureMax(pair), ...(await measureLatency(pair))];
    },
  };
}
