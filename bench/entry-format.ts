import type { Benchmark, Contender } from './benchmark.js';
import type { ClientName } from './load/client.js';
import { measureLatency, measureMax } from './load/pair.js';
import { pairSettings } from './load/settings.js';

/** What an entry of the log holds: decides the stored format (docs/adr/0002-one-frame-per-entry.md). */
export const entryFormat: Benchmark = {
  name: 'entry-format',
  summary: 'one entry per message against one frame of messages per entry, same client',
  baseline: 'one entry per message',
  contenders: [
    contender('one entry per message', 'one-entry-per-message'),
    contender('one frame per entry', 'one-frame-per-entry'),
    contender('one frame per entry, one partition a tick', 'one-frame-one-partition-a-tick'),
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
