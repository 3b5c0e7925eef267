import { BrokerError } from './broker-error.js';

/** What a broker does for an operator: it ends in its own order when the broker closes. */
export class RunningOperations {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /** Throws `closed` where the broker is. */
  async run<T>(operation: (closing: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw new BrokerError('closed', 'the broker is closed');
    const running = operation(this.#closing.signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when all have ended. Twice is safe. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }
}
