export interface RetryBudgetOptions {
  /** Retries for each message that is handled for the first time. */
  readonly ratio: number;
  /** So many more, each second. */
  readonly minPerSecond: number;
}

const SLICES = 10;
const SLICE_MS = 1_000;

/**
 * How many retries may start: over 10 s a share of what is handled for the first time, and a few more (Finagle's
 * `RetryBudget`; "Handling Overload", Site Reliability Engineering, 2016). What it does not cover waits. Slices of a second:
 * whenever a retry starts, there were in the ten up to then no more of them than `ratio` times the first handlings of the same
 * slices and 10 s * `minPerSecond`.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #fresh = new Float64Array(SLICES);
  readonly #retries = new Float64Array(SLICES);
  #slice = 0;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
  }

  /** So many messages were handled for the first time, at a time that may be past. */
  deposit(count: number, atMs: number): void {
    this.#turn(atMs);
    const slice = Math.floor(atMs / SLICE_MS);
    if (slice > this.#slice - SLICES) this.#fresh[slice % SLICES]! += count;
  }

  /** Whether a retry may start now: then it has. */
  withdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    this.#retries[this.#slice % SLICES]! += 1;
    return true;
  }

  /** Retries that may start now. */
  balance(nowMs: number): number {
    this.#turn(nowMs);
    const { ratio, minPerSecond } = this.#options;
    let balance = (minPerSecond * SLICES * SLICE_MS) / 1_000;
    for (let i = 0; i < SLICES; i++) balance += ratio * this.#fresh[i]! - this.#retries[i]!;
    return balance;
  }

  #turn(nowMs: number): void {
    const slice = Math.floor(nowMs / SLICE_MS);
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      this.#fresh[(slice - i) % SLICES] = 0;
      this.#retries[(slice - i) % SLICES] = 0;
    }
    if (passed > 0) this.#slice = slice;
  }
}
