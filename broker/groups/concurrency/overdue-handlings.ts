import type { Delivery } from '../delivery.js';

/** To look means to go through all that run. */
const LOOK_EVERY_MS = 100;

/** Handlers that have run for so long that nobody can tell whether they ever return. */
export class OverdueHandlings {
  #found = new Set<Delivery>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** How many of `running` have run for longer than `overdueMs`: as it was at the last look, which was just now. */
  count(running: readonly Delivery[], overdueMs: number, nowMs: number): number {
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#found = new Set(running.filter(({ startedAtMs }) => nowMs - startedAtMs > overdueMs));
    }
    return this.#found.size;
  }

  /** How many there are without one that has returned after all. */
  without(returned: Delivery): number {
    this.#found.delete(returned);
    return this.#found.size;
  }
}
