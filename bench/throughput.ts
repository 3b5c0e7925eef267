import type { Benchmark } from './benchmark.js';
import { KEYED_BROKER, maxContender, pairSettings } from './load/contenders.js';

export const throughput: Benchmark = {
  name: 'throughput',
  summary: 'the reference broker against raw ioredis with one entry per message and against BullMQ',
  baseline: 'raw ioredis',
  versus: [['broker', 'BullMQ, concurrency 500']],
  goals: [
    { of: 'broker: max', to: 'raw ioredis: max', atLeast: 2 },
    { of: 'broker: max', to: 'BullMQ, concurrency 500: max', atLeast: 15 },
  ],
  contenders: [
    maxContender('raw ioredis', { kind: 'raw', format: 'payloads' }),
    maxContender('broker', KEYED_BROKER),
    maxContender('broker, keyless', { ...KEYED_BROKER, keys: 0 }),
    maxContender('BullMQ, concurrency 500', { kind: 'bullmq', concurrency: 500 }),
  ],
  settings: () => ({ ...pairSettings(), durability: 'leader', persistence: 'none', topology: 'one Redis' }),
};
