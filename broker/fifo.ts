/** Below this, what was taken out is not worth a copy of the rest. */
const SLACK = 1024;

/** A queue. `Array#shift` moves all the others once there are some ten thousand of them; this one does not. */
export class Fifo<T> {
  #items: T[] = [];
  #next = 0;

  get length(): number {
    return this.#items.length - this.#next;
  }

  /** The one that waits longest. */
  get first(): T | undefined {
    return this.#items[this.#next];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes out the one that waits longest. */
  shift(): T | undefined {
    if (this.#next === this.#items.length) return undefined;
    const item = this.#items[this.#next++];
    if (this.#next === this.#items.length) {
      this.#items.length = 0;
      this.#next = 0;
    } else if (this.#next > SLACK && this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}
