/**
 * Lets one message of a key pass at a time; the others of the key wait in order. Keyless messages always pass. With
 * retries kept inside (`release` only after the last attempt) the order of a key holds through them.
 */
export class KeyGate<T> {
  readonly #waiting = new Map<string, T[] | undefined>();

  /** Whether `item` may go on now; otherwise it waits behind the one of its key that did. */
  admit(key: string | undefined, item: T): boolean {
    if (key === undefined) return true;
    if (!this.#waiting.has(key)) {
      this.#waiting.set(key, undefined);
      return true;
    }
    const queue = this.#waiting.get(key);
    if (queue === undefined) this.#waiting.set(key, [item]);
    else queue.push(item);
    return false;
  }

  /** The message of `key` that was let through is done: returns the next one, which is let through with this. */
  release(key: string | undefined): T | undefined {
    if (key === undefined) return undefined;
    const next = this.#waiting.get(key)?.shift();
    if (next === undefined) this.#waiting.delete(key);
    return next;
  }
}
