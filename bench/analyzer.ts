import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FailurePatternAnalyzer } from '../broker/recovery/patterns/failure-pattern-analyzer.js';
import { seededRandom } from '../harness/random.js';
import type { Benchmark, Contender, Measured } from './benchmark.js';
import { SECONDS } from './load/failure-causes.js';
import { type Analyst, allMixes } from './load/failure-mixes.js';
import { FailureScore, wilson } from './load/failure-score.js';
import { NaiveAnalyst } from './load/naive-analyst.js';

const SEEDS = 20;
const QUICK_SEEDS = 2;
/** Below them are those with which the analyzer's limits were chosen. */
const FIRST_SEED = 2_001;
const LABELS = [
  ...['one-message', 'one-key', 'one-partition', 'one-consumer', 'one-kind'],
  ...['burst', 'periodic', 'growing', 'after', 'poison', 'systemic', 'transient'],
];
const SHOWN_MISSES = 60;
const TIMED = 400_000;

/**
 * How often the FailurePatternAnalyzer is right about causes that were made, and so are known, beside a rule of thumb. Recall:
 * of what is there the share that it says; precision: of what it says the share that is there; each with its 95 % interval.
 */
export const analyzer: Benchmark = {
  name: 'analyzer',
  summary:
    'what the failure pattern analyzer says of labelled causes, alone and beside others, against a rule of thumb',
  baseline: 'rule of thumb',
  rounds: 1,
  contenders: [
    contender('analyzer', 'none', () => new FailurePatternAnalyzer()),
    contender('rule of thumb', 'none', () => new NaiveAnalyst()),
    contender('analyzer, twins', 'twins', () => new FailurePatternAnalyzer()),
  ],
  goals: ['poison', 'systemic'].flatMap((label) => [
    { of: `analyzer: ${label}: recall`, atLeast: 95 },
    { of: `analyzer: ${label}: precision`, atLeast: 95 },
  ]),
  settings: (quick) => ({
    seeds: quick ? QUICK_SEEDS : SEEDS,
    firstSeed: FIRST_SEED,
    mixes: allMixes().length,
    seconds: SECONDS,
    keys: 300,
    partitions: 16,
    consumers: 4,
    attempts: 5,
    twins: 'pairs whose failures differ in one word',
  }),
};

function contender(label: string, likeness: 'none' | 'twins', make: () => Analyst): Contender {
  return {
    label,
    async run({ quick, signal }) {
      const costs = cost(make());
      const score = new FailureScore();
      for (let seed = FIRST_SEED; seed < FIRST_SEED + (quick ? QUICK_SEEDS : SEEDS); seed++) {
        for (const [i, mix] of allMixes(likeness).entries()) {
          signal.throwIfAborted();
          score.judge(mix, seed, make(), seededRandom(seed, `${likeness} ${i}`), SECONDS * 1_000 - 1);
        }
      }
      process.stderr.write(
        `${[`${label}: ${score.misses.length} wrong or missed`, ...score.misses.slice(0, SHOWN_MISSES)].join('\n  ')}\n`,
      );
      return [...accuracy(score), ...costs];
    },
  };
}

function accuracy({ counts, whole, pure }: FailureScore): Measured[] {
  const percent = (metric: string, value: number): Measured => ({ metric, unit: '%', value: 100 * value });
  const shares = LABELS.flatMap((label) => {
    const { hits, wrong, missed } = counts.get(label) ?? { hits: 0, wrong: 0, missed: 0 };
    return (['recall', 'precision'] as const).flatMap((what) => {
      const n = hits + (what === 'recall' ? missed : wrong);
      const [from, to] = wilson(hits, n);
      return [
        percent(`${label}: ${what}`, n === 0 ? 0 : hits / n),
        percent(`${label}: ${what}, from`, from),
        percent(`${label}: ${what}, to`, to),
      ];
    });
  });
  return [
    ...shares,
    percent('failures of a cause in one pattern', whole.hits / whole.all),
    percent('failures of a pattern with one cause', pure.hits / pure.all),
  ];
}

/** Of a message that passes, and of one that fails for one of 50 causes, each with another id; and what is remembered after both. */
function cost(analyst: Analyst): Measured[] {
  const before = heapBytes();
  const message = (i: number) => ({
    id: `m-${i}`,
    key: `k${i % 5_000}`,
    partition: i % 16,
    consumer: 'c',
    kind: 'order',
  });
  const passedNs = timed((i) => {
    if (analyst.isNext()) analyst.passed(message(i), i / 50);
  });
  const failedNs = timed((i) => {
    const fingerprint = String(i % 2_000);
    const text = `${'abcdefghij'[i % 10]}${'klmno'[Math.floor(i / 10) % 5]} cannot do ${i} for ${(i * 7) % 90}`;
    analyst.failed(message(i), [{ error: 'Error', message: text, frames: [], fingerprint }], TIMED / 50 + i / 50);
  });
  const bytes = heapBytes() - before;
  // It is needed until here: otherwise it is collected before it is weighed.
  analyst.patterns(TIMED / 25);
  return [
    { metric: 'a message that passes', unit: 'ns', value: passedNs },
    { metric: 'a failure', unit: 'ns', value: failedNs },
    { metric: 'memory after 400,000 of each', unit: 'MB', value: Math.max(0, bytes) / 1e6 },
  ];
}

function timed(action: (i: number) => void): number {
  const startMs = performance.now();
  for (let i = 0; i < TIMED; i++) action(i);
  return ((performance.now() - startMs) * 1e6) / TIMED;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
