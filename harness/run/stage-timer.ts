import { type Clock, NS_PER_MS } from '../clock.js';

/** How long each stage of a run took. */
export class StageTimer {
  readonly #clock: Clock;
  readonly #durationsMs: Record<string, number> = {};
  #current: { name: string; sinceNs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  enter(name: string): void {
    this.#leave();
    this.#current = { name, sinceNs: this.#clock.nowNs() };
  }

  /** Milliseconds by stage, the current one up to now. */
  durationsMs(): Record<string, number> {
    this.#leave();
    return { ...this.#durationsMs };
  }

  #leave(): void {
    if (this.#current === undefined) return;
    const { name, sinceNs } = this.#current;
    this.#durationsMs[name] = (this.#durationsMs[name] ?? 0) + (this.#clock.nowNs() - sinceNs) / NS_PER_MS;
    this.#current = undefined;
  }
}
