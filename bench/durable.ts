import type { Benchmark } from './benchmark.js';
import { KEYED_BROKER, maxContender, pairSettings } from './load/contenders.js';

/** What confirmation by a replica costs: two Redis and two client processes share the machine. */
export const durable: Benchmark = {
  name: 'durable',
  summary: 'the broker in `replicated` with one replica against raw ioredis without one, and with one and WAIT 1',
  baseline: 'raw ioredis, no replica (memory)',
  versus: [
    ['broker replicated, 1 replica (AOF every second)', 'raw ioredis + WAIT 1, 1 replica (AOF every second)'],
    ['broker replicated, 1 replica (AOF every second)', 'raw ioredis, no replica (AOF every second)'],
    ['broker replicated, 1 replica (AOF every second)', 'broker leader, no replica (AOF every second)'],
  ],
  goals: [
    {
      of: 'broker replicated, 1 replica (AOF every second): max',
      to: 'raw ioredis, no replica (memory): max',
      atLeast: 1,
    },
  ],
  contenders: [
    maxContender('raw ioredis, no replica (memory)', { kind: 'raw', format: 'payloads' }),
    maxContender('raw ioredis, no replica (AOF every second)', { kind: 'raw', format: 'payloads' }, 'everysec'),
    maxContender(
      'raw ioredis + WAIT 1, 1 replica (AOF every second)',
      { kind: 'raw', format: 'payloads', wait: 1 },
      'everysec',
      1,
    ),
    maxContender('broker leader, no replica (AOF every second)', KEYED_BROKER, 'everysec'),
    maxContender('broker leader, 1 replica (AOF every second)', KEYED_BROKER, 'everysec', 1),
    maxContender(
      'broker replicated, 1 replica (AOF every second)',
      { ...KEYED_BROKER, durability: 'replicated' },
      'everysec',
      1,
    ),
  ],
  settings: () => ({ ...pairSettings(), topology: 'master, or master and replica, without proxies' }),
};
