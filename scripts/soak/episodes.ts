import { type Random, seededRandom } from '../../harness/random.js';
import { formatDuration } from '../../harness/scenario/units.js';

/** Failover episodes drawn from a seed, as a scenario. */

/** Between the starts of two episodes: a failover, the return of the old master, and its resync. */
const EPISODE_MS = 13_000;
const WARM_UP = '3s';
const STEADY = '4s';
const AFTER = '8s';
const RATE = '1000/s';
/** Into the last phase: who the last episode left as master. */
const CLOSING_OFFSET = '6s';

export interface Episode {
  readonly kind: string;
  /** Ids of its faults, the first one at the master of the moment. */
  readonly faults: readonly string[];
}

export interface Soak {
  readonly episodes: readonly Episode[];
  /** In the form of a scenario file. */
  readonly scenario: { readonly name: string } & Readonly<Record<string, unknown>>;
}

/** Changes nothing that anybody notices; its target is who is master when everything is over. */
export const CLOSING_FAULT = 'master-at-the-end';

interface Fault {
  readonly id: string;
  readonly at: string;
  readonly [parameter: string]: unknown;
}

/** A duration, both ends included. */
type Draw = (fromMs: number, toMs: number) => string;

/** Each makes the master change, or tempts it to: `at` is when, `n` makes ids unique. */
const KINDS: Readonly<Record<string, (at: string, n: number, draw: Draw) => readonly Fault[]>> = {
  killed: (at, n, draw) => [{ id: `dies-${n}`, at, kill: 'redis-master', restart: draw(3_000, 6_000) }],
  'killed-behind-lag': (at, n, draw) => [
    { id: `lag-${n}`, at, latency: draw(50, 300), link: 'redis-master.peers', for: '4s' },
    // What the proxy holds back would still arrive after the master's death.
    { id: `cut-${n}`, at: `lag-${n} + ${draw(1_000, 2_000)}`, down: 'redis-master.peers', for: '4s' },
    { id: `dies-${n}`, at: `cut-${n} + ${draw(50, 250)}`, kill: 'redis-master', restart: draw(3_000, 5_000) },
  ],
  'killed-with-producer': (at, n, draw) => [
    { id: `lag-${n}`, at, latency: draw(50, 300), link: 'redis-master.peers', for: '4s' },
    // What was handled is not lost, and nobody is left to replay the rest.
    { id: `pause-${n}-1`, at: `lag-${n} + 500ms`, pause: 'consumer-1', for: '3s' },
    { id: `pause-${n}-2`, at: `lag-${n} + 500ms`, pause: 'consumer-2', for: '3s' },
    { id: `cut-${n}`, at: `lag-${n} + ${draw(1_000, 2_000)}`, down: 'redis-master.peers', for: '4s' },
    { id: `producer-${n}`, at: `cut-${n} + ${draw(50, 250)}`, kill: 'producer-1', restart: draw(1_000, 3_000) },
    { id: `dies-${n}`, at: `producer-${n}`, kill: 'redis-master', restart: draw(3_000, 5_000) },
  ],
  frozen: (at, n, draw) => [{ id: `zombie-${n}`, at, pause: 'redis-master', for: draw(2_000, 7_000) }],
  'cut-off': (at, n, draw) => [{ id: `split-${n}`, at, down: 'redis-master.peers', for: draw(2_000, 6_000) }],
  ordered: (at, n) => [{ id: `ordered-${n}`, at, failover: 'redis-master' }],
  'clients-cut-then-killed': (at, n, draw) => [
    { id: `cut-${n}`, at, down: 'redis-master.clients', for: draw(1_000, 2_000) },
    { id: `dies-${n}`, at: `cut-${n} + ${draw(1_000, 2_000)}`, kill: 'redis-master', restart: draw(3_000, 6_000) },
  ],
};

/** A scenario with `count` episodes on Sentinel, durability `replicated`. The same seed draws the same one. */
export function drawEpisodes(seed: number, count: number): Soak {
  const random = seededRandom(seed, 'soak');
  const draw: Draw = (fromMs, toMs) => formatDuration(fromMs + below(random, toMs - fromMs + 1));
  const names = Object.keys(KINDS);
  const episodes: Episode[] = [];
  const faults: Fault[] = [];
  for (let n = 1; n <= count; n++) {
    const kind = names[below(random, names.length)] as string;
    const at = `storm + ${formatDuration((n - 1) * EPISODE_MS + below(random, 1_001))}`;
    const own = KINDS[kind]!(at, n, draw);
    episodes.push({ kind, faults: own.map(({ id }) => id) });
    faults.push(...own);
  }
  faults.push({
    id: CLOSING_FAULT,
    at: `after + ${CLOSING_OFFSET}`,
    config: 'redis-master',
    set: { 'slowlog-max-len': 127 },
    for: '1s',
  });
  const scenario = {
    gauntlet: 1,
    name: `soak-${seed}`,
    description: `${count} failovers drawn from seed ${seed}.`,
    tags: ['soak'],
    seed,
    system: {
      driver: 'reference',
      options: { partitions: 8, durability: 'replicated', onReplicaLoss: 'survivors', ordering: 'key' },
    },
    environment: { redis: { topology: 'sentinel', replicas: 2, sentinels: 3, config: { appendonly: 'yes' } } },
    producers: { workers: 1 },
    // Only what is not handled yet can be lost.
    consumers: { workers: 2, concurrency: 256, handler: { time: '100ms' } },
    load: {
      message: { size: '512B', keys: 500 },
      phases: [
        { name: 'warmup', rate: RATE, for: WARM_UP, measure: false },
        { name: 'steady', rate: RATE, for: STEADY },
        { name: 'storm', rate: RATE, for: `${(count * EPISODE_MS) / 1000}s` },
        { name: 'after', rate: RATE, for: AFTER },
      ],
    },
    faults,
    gates: ['lost == 0', 'reordered == 0', 'overlapped == 0', 'duplicated.unexcused == 0'],
  };
  return { episodes, scenario };
}

function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}
