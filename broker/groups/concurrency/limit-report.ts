import type { ConcurrencyLimit } from './concurrency-limit.js';

/** Changes by less than this part are not told. */
const NOTABLE = 0.25;

/** Tells of a limit that has changed notably since it was told last. */
export class LimitReport {
  readonly #limit: Pick<ConcurrencyLimit, 'lasting'>;
  readonly #tell: (from: number, to: number) => void;
  #told: number;

  constructor(limit: Pick<ConcurrencyLimit, 'lasting'>, tell: (from: number, to: number) => void) {
    this.#limit = limit;
    this.#tell = tell;
    this.#told = limit.lasting;
  }

  /** To be called now and then. */
  look(): void {
    const from = this.#told;
    const to = this.#limit.lasting;
    if (from === to || Math.abs(to - from) < NOTABLE * from) return;
    this.#told = to;
    this.#tell(from, to);
  }
}
