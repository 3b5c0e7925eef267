import { type Clock, NS_PER_MS } from '../clock.js';

/** Waits the same time for everybody, with one timer for all who wait: who came first is due first. */
export class FixedDelay {
  readonly #clock: Clock;
  readonly #delayNs: number;
  readonly #waiting: { readonly dueNs: number; readonly resolve: () => void }[] = [];
  readonly #onTimer = () => this.#release();

  constructor(delayMs: number, clock: Clock) {
    this.#clock = clock;
    this.#delayNs = delayMs * NS_PER_MS;
  }

  /** Resolves no earlier than the delay from now. */
  wait(): Promise<void> {
    const dueNs = this.#clock.nowNs() + this.#delayNs;
    return new Promise((resolve) => {
      this.#waiting.push({ dueNs, resolve });
      if (this.#waiting.length === 1) this.#arm(dueNs);
    });
  }

  #release(): void {
    const nowNs = this.#clock.nowNs();
    let due = 0;
    while (due < this.#waiting.length && this.#waiting[due]!.dueNs <= nowNs) this.#waiting[due++]!.resolve();
    this.#waiting.splice(0, due);
    const first = this.#waiting[0];
    if (first !== undefined) this.#arm(first.dueNs);
  }

  #arm(dueNs: number): void {
    setTimeout(this.#onTimer, Math.max(1, Math.round((dueNs - this.#clock.nowNs()) / NS_PER_MS)));
  }
}
