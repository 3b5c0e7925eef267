import type { BenchContext, Benchmark, Contender } from './benchmark.js';
import type { ClientSpec } from './load/client.js';
import { KEYED_BROKER, maxContender, pairSettings } from './load/contenders.js';
import { measureMax } from './load/pair.js';
import { missingProgram, type PeerServer, startNats, startRabbitmq } from './load/peer-servers.js';

/**
 * End to end, from publish to handled and acknowledged. What a confirmed publish survives differs, so labels say where the
 * data is by then: compare within a class.
 */
export const peers: Benchmark = {
  name: 'peers',
  summary: 'end to end throughput of the reference broker, plain ioredis, BullMQ, NATS JetStream and RabbitMQ',
  baseline: 'raw ioredis (memory)',
  versus: [
    ['broker (memory)', 'raw frames, one partition a tick (memory)'],
    ['broker (memory)', 'BullMQ, concurrency 100 (memory)'],
    ['broker (memory)', 'BullMQ, concurrency 500 (memory)'],
    ['broker (memory)', 'NATS JetStream (memory)'],
    ['broker (AOF every second)', 'NATS JetStream (file, synced every 2 min)'],
    ['broker fsync (AOF always)', 'RabbitMQ classic (file)'],
    ['broker fsync (AOF always)', 'RabbitMQ quorum (file, synced)'],
  ],
  goals: [
    { of: 'broker (memory): max', to: 'raw ioredis (memory): max', atLeast: 2 },
    { of: 'broker (memory): max', to: 'BullMQ, concurrency 100 (memory): max', atLeast: 15 },
    { of: 'broker (memory): max', to: 'BullMQ, concurrency 500 (memory): max', atLeast: 15 },
    { of: 'broker (memory): max', to: 'NATS JetStream (memory): max', atLeast: 1 },
    { of: 'broker (AOF every second): max', to: 'NATS JetStream (file, synced every 2 min): max', atLeast: 1 },
    { of: 'broker fsync (AOF always): max', to: 'RabbitMQ classic (file): max', atLeast: 1 },
    { of: 'broker fsync (AOF always): max', to: 'RabbitMQ quorum (file, synced): max', atLeast: 1 },
  ],
  contenders: [
    maxContender('raw ioredis (memory)', { kind: 'raw', format: 'payloads' }),
    maxContender('broker (memory)', KEYED_BROKER),
    maxContender('broker, keyless (memory)', { ...KEYED_BROKER, keys: 0 }),
    maxContender('broker, a dedupeId each (memory)', { ...KEYED_BROKER, dedupeIds: true }),
    maxContender('raw frames, one partition a tick (memory)', { kind: 'raw', format: 'sticky-frames' }),
    maxContender('BullMQ, concurrency 100 (memory)', { kind: 'bullmq', concurrency: 100 }),
    maxContender('BullMQ, concurrency 500 (memory)', { kind: 'bullmq', concurrency: 500 }),
    peer('NATS JetStream (memory)', { kind: 'nats', storage: 'memory' }, 'nats-server', startNats),
    maxContender('broker (AOF every second)', KEYED_BROKER, 'everysec'),
    maxContender('raw ioredis (AOF every second)', { kind: 'raw', format: 'payloads' }, 'everysec'),
    peer('NATS JetStream (file, synced every 2 min)', { kind: 'nats', storage: 'file' }, 'nats-server', startNats),
    maxContender('broker fsync (AOF always)', { ...KEYED_BROKER, durability: 'fsync' }, 'always'),
    peer('RabbitMQ classic (file)', { kind: 'rabbitmq', queue: 'classic' }, 'rabbitmq-server', startRabbitmq),
    peer('RabbitMQ quorum (file, synced)', { kind: 'rabbitmq', queue: 'quorum' }, 'rabbitmq-server', startRabbitmq),
  ],
  settings: () => ({ ...pairSettings(), durability: 'leader, where not stated', topology: 'one server' }),
};

function peer(
  label: string,
  client: ClientSpec,
  program: 'nats-server' | 'rabbitmq-server',
  start: (context: BenchContext) => Promise<PeerServer>,
): Contender {
  return {
    label,
    missing: () => missingProgram(program),
    async run(context) {
      const { target } = await start(context);
      return measureMax(context, { client, target });
    },
  };
}
