export interface PhiOptions {
  /** Expected between two beats, until enough of them were seen. */
  readonly firstIntervalMs: number;
  /** Beats that come very regularly are not expected more exactly than this. */
  readonly minStdDevMs: number;
}

/** Intervals that are remembered. */
const WINDOW = 100;
/** With fewer, the first estimate counts. */
const ENOUGH = 5;

/**
 * The phi accrual failure detector (Hayashibara, Defago, Yared and Katayama 2004): how surprising a silence is, by the
 * intervals of the beats before it. phi = -log10(probability that a living one is silent for longer): at 8, one silence in
 * 10^8 is as long. Intervals are taken as normally distributed, with the logistic approximation of the distribution
 * that Akka uses. All times are of one clock, that of who watches.
 */
export class PhiDetector {
  readonly #options: PhiOptions;
  readonly #intervals: number[] = [];
  #lastMs: number | undefined;
  #meanMs: number;
  #stdDevMs: number;

  constructor(options: PhiOptions) {
    this.#options = options;
    this.#meanMs = options.firstIntervalMs;
    this.#stdDevMs = Math.max(options.firstIntervalMs / 4, options.minStdDevMs);
  }

  /** A beat has come. */
  arrived(nowMs: number): void {
    if (this.#lastMs !== undefined) this.#learn(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** Nobody was looking until now: what has passed says nothing about who beats. */
  restart(nowMs: number): void {
    this.#lastMs = nowMs;
  }

  silentMs(nowMs: number): number {
    return this.#lastMs === undefined ? 0 : nowMs - this.#lastMs;
  }

  /** Grows with the silence; 0 before the first beat. */
  phi(nowMs: number): number {
    if (this.#lastMs === undefined) return 0;
    const y = (this.silentMs(nowMs) - this.#meanMs) / this.#stdDevMs;
    const x = y * (1.5976 + 0.070566 * y * y);
    // log10(1 + e^x), without an overflow.
    return (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))) / Math.LN10;
  }

  #learn(intervalMs: number): void {
    const intervals = this.#intervals;
    intervals.push(intervalMs);
    if (intervals.length > WINDOW) intervals.shift();
    if (intervals.length < ENOUGH) return;
    const meanMs = intervals.reduce((sum, one) => sum + one, 0) / intervals.length;
    const variance = intervals.reduce((sum, one) => sum + (one - meanMs) ** 2, 0) / intervals.length;
    this.#meanMs = meanMs;
    this.#stdDevMs = Math.max(Math.sqrt(variance), this.#options.minStdDevMs);
  }
}
