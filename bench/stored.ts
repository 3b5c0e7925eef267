import { MessageBroker } from '../broker/index.js';
import { redisInfo } from '../harness/environment/redis-probe.js';
import type { BenchContext, Benchmark, Contender, Measured } from './benchmark.js';
import { endpointOf } from './load/broker-client.js';
import { openClient, type Target } from './load/client.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { measureCost, mib } from './load/cost.js';
import { newTopic, runCounted } from './load/pair.js';
import { startRedis } from './load/redis-servers.js';

const STORED_BYTES = 100;
const LEVELS = [0, 100_000, 1_000_000, 10_000_000];
const QUICK_DIVISOR = 50;
/** A group that handles nothing: the log keeps all that is stored for it. */
const ARCHIVE = 'archive';

/** A log that is long because one group has not handled it: publishing, handling and memory of the others. */
export const stored: Benchmark = {
  name: 'stored',
  summary: 'what a message costs with 0 to 10 million messages of 100 B in the log',
  baseline: '0 stored',
  goals: [
    { of: '10,000,000 stored: CPU of all at 10,000/s', to: '0 stored: CPU of all at 10,000/s', atMost: 1.25 },
    { of: '10,000,000 stored: max', to: '0 stored: max', atLeast: 0.8 },
  ],
  rounds: 3,
  contenders: LEVELS.map(contender),
  settings: (quick) => ({
    ...pairSettings(),
    storedBytes: STORED_BYTES,
    storedDividedBy: quick ? QUICK_DIVISOR : 1,
    durability: 'leader',
    persistence: 'none',
    topology: 'one Redis',
  }),
};

function contender(level: number): Contender {
  return {
    label: `${level.toLocaleString('en-US')} stored`,
    async run(context) {
      const { target, groups } = await startRedis(context, 'memory');
      const topic = newTopic();
      await (await openClient(KEYED_BROKER, target)).prepare(topic);
      await registerArchive(target, topic);
      const filled = await fill(context, target, topic, context.quick ? level / QUICK_DIVISOR : level);
      const cost = await measureCost(context, { client: KEYED_BROKER, target, topic, servers: groups });
      return [...filled, ...cost];
    },
  };
}

async function registerArchive(target: Target, topic: string): Promise<void> {
  await using broker = await MessageBroker.connect({ redis: endpointOf(target) });
  const subscription = await broker.subscribe(topic, ARCHIVE, () => {});
  await subscription.close();
}

/** Stores the messages, then lets the measured group handle them, so that it stands at the end of a long log. */
async function fill(context: BenchContext, target: Target, topic: string, messages: number): Promise<Measured[]> {
  const rates = { store: 0, 'catch up': 0 };
  if (messages > 0) {
    const counted = { client: KEYED_BROKER, target, topic, payloadBytes: STORED_BYTES, messages };
    const sent = await runCounted(context, 'producer', counted);
    const handled = await runCounted(context, 'consumer', counted);
    rates.store = sent.measured / sent.seconds;
    rates['catch up'] = handled.measured / handled.seconds;
  }
  const usedBytes = Number((await redisInfo(target, 'memory')).get('used_memory'));
  return [
    // The short form stores fewer than the label says.
    { metric: 'stored', unit: 'messages', value: messages },
    ...Object.entries(rates).map(([what, value]) => ({ metric: `rate of ${what}`, unit: 'msg/s', value })),
    { metric: 'memory of Redis, filled', unit: 'MiB', value: mib(usedBytes) },
  ];
}
