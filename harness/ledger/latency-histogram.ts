import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { bucketCount, bucketOf, highestIn } from './log-linear.js';

const HIGHEST_US = 600_000_000;
const BITS = 10;
const BUCKETS = bucketCount(HIGHEST_US, BITS);

/**
 * Latencies in the buckets of an HDR histogram of microseconds (1 us to 10 min, 3 significant digits), and beside them
 * how many messages were never delivered: those count as infinite. Counted here and handed to hdr-histogram-js for its
 * encoding only, whose recordValue is some ten times slower.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #finite = 0;
  #infinite = 0;

  /** `Infinity` for an undelivered message. What happened before it was due took no time. */
  recordNs(ns: number): void {
    if (ns === Infinity) {
      this.#infinite++;
      return;
    }
    const bucket = bucketOf(toMicroseconds(ns), BITS);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#finite++;
  }

  get count(): number {
    return this.#finite + this.#infinite;
  }

  get infinite(): number {
    return this.#infinite;
  }

  /**
   * The ceil(q N)-th value in milliseconds (the highest of its bucket), q in (0, 1]; `Infinity` when that one was never
   * delivered, NaN without samples.
   */
  quantileMs(q: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = rankOf(q, this.count);
    if (rank > this.#finite) return Infinity;
    let seen = 0;
    for (let bucket = 0; ; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return highestIn(bucket, BITS) / 1000;
    }
  }

  /** HDR V2, compressed, base64: without the infinite ones. */
  encode(): string {
    const histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: HIGHEST_US,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 32,
    });
    this.#counts.forEach((count, bucket) => {
      if (count > 0) histogram.recordValueWithCount(Math.min(HIGHEST_US, highestIn(bucket, BITS)), count);
    });
    return encodeIntoCompressedBase64(histogram);
  }
}

/** Whole microseconds between 0 and the histogram's end. */
export function toMicroseconds(ns: number): number {
  return Math.min(HIGHEST_US, Math.max(0, Math.round(ns / 1000)));
}

/** ceil(q N), at least 1. Products like 0.07 * 100 lie a rounding error above the integer that is meant. */
export function rankOf(q: number, count: number): number {
  return Math.max(1, Math.ceil(q * count * (1 - 1e-12)));
}
