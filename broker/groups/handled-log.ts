/** Ranges of one producer that are remembered; beyond that the lowest is forgotten. */
const MAX_RANGES = 512;
/** Producers of one generation; two generations are remembered. */
const MAX_PRODUCERS = 1_024;

/**
 * The sequences of one producer that were handled successfully: the contiguous run below, and the sparse ones above it,
 * as ascending ranges that neither overlap nor touch. A sequence that was never handled (retried, dead letter) leaves a
 * gap for good. Bounded: what is forgotten is handled again if the log should bring it again, never skipped.
 */
export class HandledSequences {
  /** Start and end of each range, alternating. */
  #bounds: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  add(sequence: number): void {
    const bounds = this.#bounds;
    if (sequence === this.#last + 1) {
      this.#last = sequence;
      bounds[bounds.length - 1] = sequence;
      return;
    }
    if (sequence > this.#last) {
      bounds.push(sequence, sequence);
      this.#last = sequence;
      this.#forgetLowest();
      return;
    }
    const at = this.#rangeAtOrBelow(sequence);
    if (at >= 0 && sequence <= bounds[at + 1]!) return;
    const joinsBelow = at >= 0 && bounds[at + 1] === sequence - 1;
    const joinsAbove = bounds[at + 2] === sequence + 1;
    if (joinsBelow && joinsAbove) bounds.splice(at + 1, 2);
    else if (joinsBelow) bounds[at + 1] = sequence;
    else if (joinsAbove) bounds[at + 2] = sequence;
    else {
      bounds.splice(at + 2, 0, sequence, sequence);
      this.#forgetLowest();
    }
  }

  has(sequence: number): boolean {
    if (sequence > this.#last) return false;
    const at = this.#rangeAtOrBelow(sequence);
    return at >= 0 && sequence <= this.#bounds[at + 1]!;
  }

  get rangeCount(): number {
    return this.#bounds.length / 2;
  }

  #forgetLowest(): void {
    if (this.#bounds.length > 2 * MAX_RANGES) this.#bounds.splice(0, 2);
  }

  /** Index of the start of the last range that starts at or below `sequence`; -2 where there is none. */
  #rangeAtOrBelow(sequence: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#bounds[2 * middle]! <= sequence) low = middle + 1;
      else high = middle;
    }
    return 2 * (low - 1);
  }
}

/**
 * What this process handled successfully in one partition, whatever became of the settlements: answers what a failover
 * brings again, be it the same entries or a producer's replay. It outlives tenures, since a settlement may be lost by
 * several failovers in a row. A message that was retried, dead-lettered or quarantined is never in it: the row that
 * recorded it may be what the failover lost.
 */
export class HandledLog {
  #recent = new Map<string, HandledSequences>();
  #former = new Map<string, HandledSequences>();

  /** The sequences of a producer; the least recently asked for are forgotten when there are too many. */
  of(producer: string): HandledSequences {
    const known = this.#recent.get(producer);
    if (known !== undefined) return known;
    const sequences = this.#former.get(producer) ?? new HandledSequences();
    if (this.#recent.size >= MAX_PRODUCERS) {
      this.#former = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(producer, sequences);
    return sequences;
  }
}
