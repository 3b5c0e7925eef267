/** The latest of a stream, at most so many. */
export class Recent<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Of all that came. */
  get count(): number {
    return this.#count;
  }

  /** In no order. */
  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items[this.#count++ % this.#capacity] = item;
  }

  /** Those that came after the first `since`, newest first, at most `most`. */
  newest(since: number, most: number): T[] {
    const length = Math.min(this.#count - since, this.#items.length, most);
    return Array.from({ length: Math.max(0, length) }, (_, i) => this.#items[(this.#count - 1 - i) % this.#capacity]!);
  }
}
