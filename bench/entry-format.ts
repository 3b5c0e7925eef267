import type { Benchmark } from './benchmark.js';
import { pairContender } from './load/pair-contender.js';
import { pairSettings } from './load/settings.js';

/** What an entry of the log holds: decides the stored format (docs/adr/0002-one-frame-per-entry.md). */
export const entryFormat: Benchmark = {
  name: 'entry-format',
  summary: 'one entry per message against one frame of messages per entry, same client',
  baseline: 'one entry per message',
  contenders: [
    pairContender('one entry per message', 'one-entry-per-message'),
    pairContender('one frame per entry', 'one-frame-per-entry'),
    pairContender('one frame per entry, one partition a tick', 'one-frame-one-partition-a-tick'),
  ],
  settings: pairSettings,
};
