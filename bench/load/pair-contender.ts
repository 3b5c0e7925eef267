import type { Contender } from '../benchmark.js';
import type { ClientName } from './client.js';
import { measureLatency, measureMax } from './pair.js';

/** One client as a contender: its highest rate, then its latency in an open loop. */
export function pairContender(label: string, client: ClientName): Contender {
  return {
    label,
    async run({ environment, quick, signal }) {
      const pair = { client, address: environment.nodes[0]!.direct, quick, signal };
      return [await measureMax(pair), ...(await measureLatency(pair))];
    },
  };
}
