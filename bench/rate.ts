import type { BenchContext, Benchmark, Contender, Measured } from './benchmark.js';
import type { ClientSpec } from './load/client.js';
import { KEYED_BROKER, pairSettings } from './load/contenders.js';
import { OPEN_LOOP_RATE_PER_SEC, openLoad, type PairOptions, runPair } from './load/pair.js';
import { startProxiedRedis } from './load/redis-servers.js';

const LIMIT_MS = 10;
/** The search ends when what holds and what does not are this close. */
const RESOLUTION = { full: 0.05, quick: 0.25 };
/** A machine whose CPU is stolen fails any rate now and then: one that holds in either of two attempts holds. */
const ATTEMPTS = 2;
const LOWEST_PER_SEC = 625;

/** The highest open-loop rate with a p99 below 10 ms, through a real Toxiproxy. */
export const rate: Benchmark = {
  name: 'rate',
  summary: 'highest open-loop rate with p99 < 10 ms through Toxiproxy: the reference broker against raw ioredis',
  baseline: 'raw ioredis',
  rounds: 3,
  contenders: [
    contender('raw ioredis', { kind: 'raw', format: 'payloads' }),
    contender('broker', KEYED_BROKER),
    contender('broker, 4 partitions', { ...KEYED_BROKER, partitions: 4 }),
    contender('broker, keyless', { ...KEYED_BROKER, keys: 0 }),
  ],
  settings: (quick) => ({
    ...pairSettings(),
    durability: 'leader',
    limitMs: LIMIT_MS,
    attempts: ATTEMPTS,
    resolution: RESOLUTION[quick ? 'quick' : 'full'],
    persistence: 'none',
    topology: 'one Redis behind Toxiproxy',
  }),
};

function contender(label: string, client: ClientSpec): Contender {
  return {
    label,
    async run(context) {
      const { host, port } = (await startProxiedRedis(context)).nodes[0]!.clients;
      return highestRate(context, { client, target: { host, port } });
    },
  };
}

/** Doubles from 10,000/s (or halves) until it knows a rate that holds and one that does not, then bisects. */
async function highestRate(context: BenchContext, pair: Omit<PairOptions, 'load'>): Promise<Measured[]> {
  const holds = async (ratePerSec: number) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { latencyMs } = await runPair(context, { ...pair, load: openLoad(context.quick, ratePerSec) });
      if (latencyMs.p99 < LIMIT_MS) return true;
    }
    return false;
  };
  let [held, failed] = [0, OPEN_LOOP_RATE_PER_SEC];
  while (held === 0 && failed >= LOWEST_PER_SEC) {
    if (await holds(failed)) held = failed;
    else failed /= 2;
  }
  if (held === OPEN_LOOP_RATE_PER_SEC) {
    failed = 2 * held;
    for (; await holds(failed); failed *= 2) held = failed;
  } else if (held > 0) {
    failed = 2 * held;
  }
  const resolution = RESOLUTION[context.quick ? 'quick' : 'full'];
  while (held > 0 && failed / held > 1 + resolution) {
    const middle = Math.round((held + failed) / 2);
    if (await holds(middle)) held = middle;
    else failed = middle;
  }
  return [{ metric: `highest rate with p99 < ${LIMIT_MS} ms`, unit: 'msg/s', value: held }];
}
