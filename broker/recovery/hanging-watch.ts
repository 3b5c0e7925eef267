import type { Delivery } from '../groups/delivery.js';

/** Finds handlings that take too long, each once. */
export class HangingWatch {
  readonly #hangingMs: number;
  /** Those that are known. */
  #known = new WeakSet<Delivery>();

  constructor(hangingMs: number) {
    this.#hangingMs = hangingMs;
  }

  /** New ones among those that run. A message that hangs again in a later attempt is a new one. */
  look(running: readonly Delivery[], nowMs: number): Delivery[] {
    const hanging = running.filter(({ startedAtMs }) => nowMs - startedAtMs >= this.#hangingMs);
    const fresh = hanging.filter((delivery) => !this.#known.has(delivery));
    this.#known = new WeakSet(hanging);
    return fresh;
  }
}
