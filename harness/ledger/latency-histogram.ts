import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

const HIGHEST_US = 600_000_000;

/**
 * Latencies as an HDR histogram of microseconds (1 us to 10 min, 3 significant digits), and beside it how many messages
 * were never delivered: those count as infinite.
 */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
  #infinite = 0;

  /** `Infinity` for an undelivered message. What happened before it was due took no time. */
  recordNs(ns: number): void {
    if (ns === Infinity) this.#infinite++;
    else this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(ns / 1000))));
  }

  get count(): number {
    return this.#histogram.totalCount + this.#infinite;
  }

  get infinite(): number {
    return this.#infinite;
  }

  /**
   * The ceil(q N)-th value in milliseconds, q in (0, 1]; `Infinity` when that one was never delivered, NaN without
   * samples. The histogram knows only the finite ones, so it is asked for the percentile that has the same rank among
   * them; the half keeps rounding errors off the neighbouring ranks.
   */
  quantileMs(q: number): number {
    if (this.count === 0) return Number.NaN;
    const finite = this.#histogram.totalCount;
    const rank = rankOf(q, this.count);
    if (rank > finite) return Infinity;
    return this.#histogram.getValueAtPercentile((100 * (rank - 0.5)) / finite) / 1000;
  }

  /** HDR V2, compressed, base64: without the infinite ones. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

/** ceil(q N), at least 1. Products like 0.07 * 100 lie a rounding error above the integer that is meant. */
export function rankOf(q: number, count: number): number {
  return Math.max(1, Math.ceil(q * count * (1 - 1e-12)));
}
