/**
 * What was handled, by number: a benchmark of messages that are lost, handled twice or out of order would not be one.
 * `keys`: the producer goes round them, so a message's number tells its key; 0: no order is promised.
 */
export class Tally {
  readonly #keys: number;
  readonly #lastOfKey: Int32Array;
  #seen = new Uint8Array(1 << 20);
  #handled = 0;

  constructor(keys: number) {
    this.#keys = keys;
    this.#lastOfKey = new Int32Array(keys).fill(-1);
  }

  /** Different messages so far. */
  get handled(): number {
    return this.#handled;
  }

  /** Throws at a second handling, and at one that is out of its key's order. */
  add(sequence: number): void {
    if (sequence >= this.#seen.length) this.#grow(sequence);
    if (this.#seen[sequence] === 1) throw new Error(`message ${sequence} was handled twice`);
    this.#seen[sequence] = 1;
    this.#handled++;
    if (this.#keys === 0) return;
    const key = sequence % this.#keys;
    const last = this.#lastOfKey[key]!;
    if (sequence < last) throw new Error(`message ${sequence} was handled after ${last} of the same key`);
    this.#lastOfKey[key] = sequence;
  }

  #grow(sequence: number): void {
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(sequence + 1)));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}
