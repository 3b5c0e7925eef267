import { Fifo } from '../fifo.js';

type State<T> = 'idle' | 'busy' | Fifo<T>;

/** Idle keys that are kept at the least before they are forgotten. */
const KEEP_IDLE = 1024;

/**
 * Lets one message of a key pass at a time; the others of the key wait in order. Keyless messages always pass. With
 * retries kept inside (`release` only after the last attempt) the order of a key holds through them.
 *
 * Keys are not deleted one by one: under constant adding and deleting a Map of V8 leaves a chain of old tables behind,
 * each keeping what it held alive until the next full collection (docs/adr/0003). Idle keys go all at once, with the Map.
 */
export class KeyGate<T> {
  #states = new Map<string, State<T>>();
  #busy = 0;

  /** Whether `item` may go on now; otherwise it waits behind the one of its key that did. */
  admit(key: string | undefined, item: T): boolean {
    if (key === undefined) return true;
    const state = this.#states.get(key);
    if (state === undefined || state === 'idle') {
      this.#states.set(key, 'busy');
      this.#busy++;
      return true;
    }
    if (state === 'busy') {
      const waiting = new Fifo<T>();
      waiting.push(item);
      this.#states.set(key, waiting);
    } else state.push(item);
    return false;
  }

  /** How many wait behind the one of `key` that was let through. */
  waiting(key: string | undefined): number {
    const state = key === undefined ? undefined : this.#states.get(key);
    return typeof state === 'object' ? state.length : 0;
  }

  /** Nothing of `key` passes until it is released. */
  block(key: string): void {
    if ((this.#states.get(key) ?? 'idle') !== 'idle') return;
    this.#states.set(key, 'busy');
    this.#busy++;
  }

  /** The message of `key` that was let through is done: returns the next one, which is let through with this. */
  release(key: string | undefined): T | undefined {
    if (key === undefined) return undefined;
    const state = this.#states.get(key);
    if (typeof state === 'object') {
      const next = state.shift();
      if (next !== undefined) return next;
    }
    this.#states.set(key, 'idle');
    this.#busy--;
    if (this.#states.size > 2 * this.#busy + KEEP_IDLE) this.#forgetIdle();
    return undefined;
  }

  #forgetIdle(): void {
    const busy = new Map<string, State<T>>();
    for (const [key, state] of this.#states) if (state !== 'idle') busy.set(key, state);
    this.#states = busy;
  }
}
