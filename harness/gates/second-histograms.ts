import { rankOf } from '../ledger/latency-histogram.js';
import type { Random } from '../random.js';
import { blockBootstrap } from './block-bootstrap.js';

const MAX_BLOCKS = 600;
/** Buckets per doubling: the bounds of an interval need no more than 0.4 %. */
const PRECISION_BITS = 8;
const SUB_BUCKETS = 1 << PRECISION_BITS;
/** 10 minutes in microseconds need 30 bits. */
const BUCKETS = (30 - PRECISION_BITS + 1) * SUB_BUCKETS;
const HIGHEST_US = 600_000_000;

/**
 * One small latency histogram per second of intended time (longer blocks above ten minutes), for bounds by block
 * bootstrap.
 */
export class SecondHistograms {
  readonly #blockNs: number;
  /** Per block: counts by bucket, in the end cumulative. Allocated when its first sample comes. */
  readonly #blocks = new Map<number, { readonly counts: Uint32Array; infinite: number }>();

  constructor(endNs: number) {
    this.#blockNs = Math.max(1, Math.ceil(endNs / 1e9 / MAX_BLOCKS)) * 1e9;
  }

  recordNs(intendedNs: number, latencyNs: number): void {
    const index = Math.floor(intendedNs / this.#blockNs);
    let block = this.#blocks.get(index);
    if (!block) {
      block = { counts: new Uint32Array(BUCKETS), infinite: 0 };
      this.#blocks.set(index, block);
    }
    if (latencyNs === Infinity) block.infinite++;
    else {
      const bucket = bucketOf(Math.min(HIGHEST_US, Math.max(0, Math.round(latencyNs / 1000))));
      block.counts[bucket] = (block.counts[bucket] as number) + 1;
    }
  }

  /** Bounds of the q-quantile; undefined below two blocks. Recording afterwards is an error of the caller's. */
  quantileBoundsMs(q: number, level: number, random: Random): readonly [number, number] | undefined {
    const blocks = [...this.#blocks.values()];
    for (const { counts } of blocks) {
      for (let i = 1; i < BUCKETS; i++) counts[i] = (counts[i] as number) + (counts[i - 1] as number);
    }
    return blockBootstrap(blocks.length, level, random, (weights) => {
      const upTo = (bucket: number) => {
        let sum = 0;
        for (let i = 0; i < blocks.length; i++) {
          if (weights[i] !== 0) sum += (weights[i] as number) * (blocks[i]?.counts[bucket] as number);
        }
        return sum;
      };
      const finite = upTo(BUCKETS - 1);
      const infinite = blocks.reduce((sum, block, i) => sum + (weights[i] as number) * block.infinite, 0);
      const rank = rankOf(q, finite + infinite);
      if (rank > finite) return Infinity;
      let low = 0;
      let high = BUCKETS - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (upTo(middle) < rank) low = middle + 1;
        else high = middle;
      }
      return highestUs(low) / 1000;
    });
  }
}

/** Log-linear: exact below 2 * SUB_BUCKETS, then SUB_BUCKETS steps per doubling. */
function bucketOf(us: number): number {
  if (us < 2 * SUB_BUCKETS) return us;
  const shift = 31 - Math.clz32(us) - PRECISION_BITS;
  return shift * SUB_BUCKETS + (us >>> shift);
}

function highestUs(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
