import type { Benchmark } from './benchmark.js';
import { maxAndLatencyContender, pairSettings } from './load/contenders.js';

/** What an entry of the log holds: decides the stored format (docs/adr/0002-one-frame-per-entry.md). */
export const entryFormat: Benchmark = {
  name: 'entry-format',
  summary: 'one entry per message against one frame of messages per entry, same client',
  baseline: 'one entry per message',
  contenders: [
    maxAndLatencyContender('one entry per message', { kind: 'raw', format: 'messages' }),
    maxAndLatencyContender('one frame per entry', { kind: 'raw', format: 'frames' }),
    maxAndLatencyContender('one frame per entry, one partition a tick', { kind: 'raw', format: 'sticky-frames' }),
  ],
  settings: () => ({ ...pairSettings(), persistence: 'none', topology: 'one Redis' }),
};
