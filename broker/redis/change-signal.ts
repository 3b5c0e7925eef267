import type { Clock } from '../clock.js';

/** Tells listeners that something changed, and waits for a change that brings what is wanted. */
export class ChangeSignal {
  readonly #listeners = new Set<() => void>();

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Resolves with `true` once `condition` holds (looked at after every change), or `false` after `withinMs`. */
  until(condition: () => boolean, clock: Clock, withinMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        cancel();
        stop();
        settle();
      };
      const look = () => {
        try {
          if (condition()) done(() => resolve(true));
        } catch (error) {
          done(() => reject(error));
        }
      };
      const cancel = clock.after(withinMs, () => done(() => resolve(false)));
      const stop = this.listen(look);
      look();
    });
  }
}
