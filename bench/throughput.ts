import type { Benchmark } from './benchmark.js';
import { pairContender } from './load/pair-contender.js';
import { pairSettings } from './load/settings.js';

export const throughput: Benchmark = {
  name: 'throughput',
  summary: 'the reference broker against raw ioredis with one entry per message',
  baseline: 'raw ioredis',
  contenders: [
    pairContender('raw ioredis', 'one-entry-per-message'),
    pairContender('broker', 'broker'),
    pairContender('broker, keyless', 'broker-keyless'),
  ],
  settings: pairSettings,
};
