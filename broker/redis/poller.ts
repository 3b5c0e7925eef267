import type { CancelTimer, Clock } from '../clock.js';

const CALM_MS = 1_000;
const URGENT_MS = 100;
const URGENT_FOR_MS = 10_000;
const AT_ONCE_MS = 10;

/** When an authority is asked: about once a second, and every 100 ms while somebody doubts the last answer. */
export class Poller {
  readonly #clock: Clock;
  readonly #ask: () => void;
  /** Longest time between two questions, by what was answered: half-lives of reports must not be overslept. */
  readonly #calmMs: () => number;
  #urgentUntilMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #cancel: CancelTimer;

  constructor(clock: Clock, ask: () => void, calmMs: () => number = () => CALM_MS) {
    this.#clock = clock;
    this.#ask = ask;
    this.#calmMs = calmMs;
    this.#cancel = clock.after(0, this.#tick);
  }

  /** Asks again soon, and more often until {@link settle}, or for ten seconds. */
  hurry(): void {
    const nowMs = this.#clock.nowMs();
    const wasUrgent = nowMs < this.#urgentUntilMs;
    this.#urgentUntilMs = nowMs + URGENT_FOR_MS;
    if (!wasUrgent) this.#schedule(Math.max(AT_ONCE_MS, this.#lastMs + URGENT_MS - nowMs));
  }

  /** What was in doubt is answered. */
  settle(): void {
    this.#urgentUntilMs = 0;
  }

  stop(): void {
    this.#cancel();
  }

  readonly #tick = (): void => {
    this.#lastMs = this.#clock.nowMs();
    this.#schedule(this.#lastMs < this.#urgentUntilMs ? URGENT_MS : Math.min(CALM_MS, this.#calmMs()));
    this.#ask();
  };

  #schedule(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, this.#tick);
  }
}
