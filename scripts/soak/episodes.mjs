// Failover episodes drawn from a seed, as a scenario.

/** Between the starts of two episodes: a failover, the return of the old master, and its resync, with room to spare. */
const EPISODE_SEC = 16;
const WARM_UP_SEC = 3;
const STEADY_SEC = 4;
const AFTER_SEC = 8;

/** Each makes the master change, or tempts it to: `at` seconds into the load phase, `n` makes ids unique. */
const KINDS = {
  killed: (at, n, draw) => [
    { id: `dies-${n}`, at: `storm + ${at}s`, kill: 'redis-master', restart: seconds(draw, 3, 6) },
  ],
  'killed-behind-lag': (at, n, draw) => [
    { id: `lag-${n}`, at: `storm + ${at}s`, latency: millis(draw, 50, 300), link: 'redis-master.peers', for: '4s' },
    // What the proxy holds back would still arrive after the master's death.
    { id: `cut-${n}`, at: `lag-${n} + ${1 + draw(2)}s`, down: 'redis-master.peers', for: '4s' },
    { id: `dies-${n}`, at: `cut-${n} + ${50 + draw(200)}ms`, kill: 'redis-master', restart: seconds(draw, 4, 6) },
  ],
  frozen: (at, n, draw) => [
    { id: `zombie-${n}`, at: `storm + ${at}s`, pause: 'redis-master', for: seconds(draw, 2, 7) },
  ],
  'cut-off': (at, n, draw) => [
    { id: `split-${n}`, at: `storm + ${at}s`, down: 'redis-master.peers', for: seconds(draw, 2, 6) },
  ],
  ordered: (at, n) => [{ id: `ordered-${n}`, at: `storm + ${at}s`, failover: 'redis-master' }],
  'clients-cut-then-killed': (at, n, draw) => [
    { id: `cut-${n}`, at: `storm + ${at}s`, down: 'redis-master.clients', for: seconds(draw, 1, 2) },
    { id: `dies-${n}`, at: `cut-${n} + ${1 + draw(2)}s`, kill: 'redis-master', restart: seconds(draw, 3, 6) },
  ],
};

/**
 * A scenario with `count` episodes on Sentinel, durability `replicated`. The same seed draws the same one.
 * @returns {{ episodes: string[], scenario: object }}
 */
export function drawEpisodes(seed, count) {
  const draw = generator(seed);
  const names = Object.keys(KINDS);
  const episodes = [];
  const faults = [];
  for (let n = 1; n <= count; n++) {
    const name = names[draw(names.length)];
    episodes.push(name);
    faults.push(...KINDS[name]((n - 1) * EPISODE_SEC + draw(2), n, draw));
  }
  const rate = '1000/s';
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
        { name: 'warmup', rate, for: `${WARM_UP_SEC}s`, measure: false },
        { name: 'steady', rate, for: `${STEADY_SEC}s` },
        { name: 'storm', rate, for: `${count * EPISODE_SEC}s` },
        { name: 'after', rate, for: `${AFTER_SEC}s` },
      ],
    },
    faults,
    gates: ['lost == 0', 'reordered == 0', 'overlapped == 0', 'duplicated.unexcused == 0'],
  };
  return { episodes, scenario };
}

/** Whole numbers from 0 up to `below`, by mulberry32. */
function generator(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function seconds(draw, from, to) {
  return `${from + draw(to - from + 1)}s`;
}

function millis(draw, from, to) {
  return `${from + draw(to - from + 1)}ms`;
}
