import { type Clock, pause } from '../clock.js';
import type { Tenure } from './tenure.js';

export interface HandOverOptions {
  readonly clock: Clock;
  /** Longest wait for handlers that run, and for their settlements. */
  readonly timeoutMs: number;
  /** Resolves when no handler of the tenure runs. */
  idle(tenure: Tenure): Promise<void>;
  /** Sends what is handled and not recorded. */
  flush(): void;
  trim(tenures: readonly Tenure[]): Promise<void>;
  giveBack(tenure: Tenure): Promise<void>;
  onHandedOver(tenure: Tenure, drainMs: number): void;
}

/**
 * Gives partitions back so that nothing is handled twice: no handler starts any more, those that run return, what they did
 * is recorded, and only then the lease is released. Each partition by itself: one slow handler holds up its own.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  readonly #underWay = new Map<Tenure, Promise<void>>();
  readonly #deadlines = new Set<AbortController>();
  /** Waits of {@link recorded}: they look again. */
  #waiters: (() => void)[] = [];

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** Resolves when the partition is given back, or the tenure has ended otherwise. Twice is safe. */
  begin(tenure: Tenure): Promise<void> {
    let run = this.#underWay.get(tenure);
    if (run === undefined) {
      run = this.#run(tenure).finally(() => this.#underWay.delete(tenure));
      this.#underWay.set(tenure, run);
    }
    return run;
  }

  /** A settlement was recorded, or a tenure has ended. */
  answered(): void {
    for (const look of this.#waiters.splice(0)) look();
  }

  /** Waits for nothing any more. */
  stop(): void {
    for (const deadline of this.#deadlines) deadline.abort();
    this.answered();
  }

  async #run(tenure: Tenure): Promise<void> {
    const { clock, timeoutMs, idle, trim, giveBack, onHandedOver } = this.#options;
    const startMs = clock.nowMs();
    tenure.isLeaving = true;
    const deadline = new AbortController();
    this.#deadlines.add(deadline);
    const drained = idle(tenure)
      .then(() => this.recorded(tenure, deadline.signal))
      .then(() => trim([tenure]))
      .then(() => deadline.abort());
    await Promise.race([drained, pause(clock, timeoutMs, deadline.signal)]);
    deadline.abort();
    this.#deadlines.delete(deadline);
    if (tenure.isOver) return;
    await giveBack(tenure);
    onHandedOver(tenure, clock.nowMs() - startMs);
  }

  /** Resolves when everything that was handled is recorded, or that has become moot. */
  async recorded(tenure: Tenure, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !tenure.isOver && tenure.hasUnsettledWork) {
      const answered = new Promise<void>((resolve) => this.#waiters.push(resolve));
      this.#options.flush();
      await answered;
    }
  }
}
