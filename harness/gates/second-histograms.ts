import { rankOf, toMicroseconds } from '../ledger/latency-histogram.js';
import { bucketCount, bucketOf, highestIn } from '../ledger/log-linear.js';
import type { Random } from '../random.js';
import { blockBootstrap } from './block-bootstrap.js';

const MAX_BLOCKS = 600;
/** 256 buckets per doubling: the bounds of an interval need no more than 0.4 %. */
const BITS = 8;
const BUCKETS = bucketCount(toMicroseconds(Number.MAX_VALUE), BITS);

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
      const bucket = bucketOf(toMicroseconds(latencyNs), BITS);
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
      return highestIn(low, BITS) / 1000;
    });
  }
}
