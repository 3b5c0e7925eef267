/** A read entry of the log, of which messages are not settled yet. */
export class TrackedEntry {
  readonly id: string;
  readonly count: number;
  /** Its place among those that were read. */
  readonly ordinal: number;
  settledCount = 0;
  /** Bit i: message i is settled. */
  readonly bits: Uint8Array;
  /** The bits differ from what was recorded last. */
  isDirty = false;
  /** A bitmap was recorded: it has to be removed when low passes. */
  isRecorded = false;

  constructor(id: string, count: number, settled: Uint8Array | undefined, ordinal = 0) {
    this.id = id;
    this.count = count;
    this.ordinal = ordinal;
    this.bits = new Uint8Array((count + 7) >> 3);
    if (settled === undefined) return;
    this.isRecorded = true;
    this.bits.set(settled.subarray(0, this.bits.length));
    for (let i = 0; i < count; i++) if (this.isSettled(i)) this.settledCount++;
  }

  isSettled(index: number): boolean {
    return (this.bits[index >> 3]! & (1 << (index & 7))) !== 0;
  }

  get isComplete(): boolean {
    return this.settledCount === this.count;
  }
}

/** What has to be recorded so that the stored position equals the one in memory. */
export interface PositionChange {
  readonly low: string;
  /** Entries up to low, since the group began. */
  readonly entries: number;
  readonly bitmaps: readonly { readonly entry: string; readonly bits: Uint8Array }[];
  /** Entries at or below low whose recorded bitmap goes. */
  readonly forgotten: readonly string[];
}

/**
 * A group's position in one partition: low, up to which everything is settled, and for every entry read above it which
 * of its messages are settled. Pure bookkeeping; low only grows and bits are only added.
 */
export class Position {
  #low: string;
  #passed: number;
  #tracked = 0;
  #entries: TrackedEntry[] = [];
  #first = 0;
  /** Entries that were dirty at some time since the last change was taken. */
  #dirty: TrackedEntry[] = [];
  #forgotten: string[] = [];
  #lowMoved = false;

  /** `passed`: entries up to low, since the group began. */
  constructor(low: string, passed = 0) {
    this.#low = low;
    this.#passed = passed;
  }

  get low(): string {
    return this.#low;
  }

  get isDirty(): boolean {
    return this.#lowMoved || this.#dirty.length > 0;
  }

  /** Entries above low that were read. */
  get trackedCount(): number {
    return this.#entries.length - this.#first;
  }

  /** Messages that were read and are not settled. */
  get unsettledCount(): number {
    let unsettled = 0;
    for (let i = this.#first; i < this.#entries.length; i++) {
      unsettled += this.#entries[i]!.count - this.#entries[i]!.settledCount;
    }
    return unsettled;
  }

  /** Adds the next entry of the log; `settled` is its recorded bitmap. */
  track(id: string, count: number, settled: Uint8Array | undefined): TrackedEntry {
    const entry = new TrackedEntry(id, count, settled, ++this.#tracked);
    this.#entries.push(entry);
    if (entry.isComplete) this.#advance();
    return entry;
  }

  /** Marks one message as settled. Twice is safe. */
  settle(entry: TrackedEntry, index: number): void {
    if (entry.isSettled(index)) return;
    entry.bits[index >> 3]! |= 1 << (index & 7);
    entry.settledCount++;
    if (!entry.isDirty) {
      entry.isDirty = true;
      this.#dirty.push(entry);
    }
    if (entry.isComplete) this.#advance();
  }

  /** Takes everything that changed since the last call. */
  takeChange(): PositionChange {
    const bitmaps: { entry: string; bits: Uint8Array }[] = [];
    for (const entry of this.#dirty) {
      if (!entry.isDirty) continue;
      entry.isDirty = false;
      entry.isRecorded = true;
      bitmaps.push({ entry: entry.id, bits: entry.bits.slice() });
    }
    this.#dirty = [];
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    this.#lowMoved = false;
    return { low: this.#low, entries: this.#passed, bitmaps, forgotten };
  }

  #advance(): void {
    while (this.#first < this.#entries.length && this.#entries[this.#first]!.isComplete) {
      const entry = this.#entries[this.#first++]!;
      this.#low = entry.id;
      this.#passed++;
      this.#lowMoved = true;
      entry.isDirty = false;
      if (entry.isRecorded) this.#forgotten.push(entry.id);
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
