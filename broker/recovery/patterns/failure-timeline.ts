const BINS = 600;

/** How many in each of the last 600 bins of time. */
export class FailureTimeline {
  readonly #counts = new Uint32Array(BINS);
  readonly #binMs: number;
  #head = Number.NEGATIVE_INFINITY;

  /** `binMs`: 1 s, so that 10 min are remembered. */
  constructor(binMs = 1_000) {
    this.#binMs = binMs;
  }

  /** What is older than all that is remembered is passed over. */
  add(atMs: number, count = 1): void {
    const bin = Math.floor(atMs / this.#binMs);
    if (bin <= this.#head - BINS) return;
    for (let b = Math.max(this.#head + 1, bin - BINS + 1); b <= bin; b++) this.#counts[slotOf(b)] = 0;
    this.#head = Math.max(this.#head, bin);
    this.#counts[slotOf(bin)]! += count;
  }

  /** In each bin from that of `sinceMs`, or the oldest that is remembered, up to that of `untilMs`. */
  counts(sinceMs: number, untilMs: number): number[] {
    const until = Math.floor(untilMs / this.#binMs);
    const since = Math.max(Math.floor(sinceMs / this.#binMs), until - BINS + 1);
    const counts: number[] = [];
    for (let b = since; b <= until; b++) {
      counts.push(b <= this.#head && b > this.#head - BINS ? this.#counts[slotOf(b)]! : 0);
    }
    return counts;
  }
}

/** Also of times before the epoch. */
function slotOf(bin: number): number {
  return ((bin % BINS) + BINS) % BINS;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
