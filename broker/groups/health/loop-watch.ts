import type { CancelTimer, Clock } from '../../clock.js';

const EVERY_MS = 100;

/** How late timers are: how long the event loop stood still, for whatever reason, up to 100 ms less. */
export class LoopWatch {
  readonly #clock: Clock;
  #dueMs = Number.POSITIVE_INFINITY;
  #largestMs = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#dueMs = this.#clock.nowMs() + EVERY_MS;
    this.#cancelTimer = this.#clock.after(EVERY_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** The largest delay since the last call, ms: also of the timer that is late now. */
  takeLargestMs(): number {
    this.#look();
    const largestMs = this.#largestMs;
    this.#largestMs = 0;
    return largestMs;
  }

  #look(): void {
    this.#largestMs = Math.max(this.#largestMs, this.#clock.nowMs() - this.#dueMs);
  }
}
