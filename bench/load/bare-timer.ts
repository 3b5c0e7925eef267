import { NS_PER_MS, systemClock } from '../../harness/clock.js';

const TICK_MS = 1;

/**
 * A timer of 1 ms in this process, again and again: what the machine does to anybody who sleeps, at the same time as
 * something else is measured.
 */
export class BareTimer {
  readonly #gapsMs: number[] = [];
  #timer: NodeJS.Timeout;
  #lastNs = systemClock.nowNs();

  constructor() {
    this.#timer = setTimeout(this.#tick, TICK_MS);
  }

  readonly #tick = (): void => {
    const nowNs = systemClock.nowNs();
    this.#gapsMs.push((nowNs - this.#lastNs) / NS_PER_MS);
    this.#lastNs = nowNs;
    this.#timer = setTimeout(this.#tick, TICK_MS);
  };

  /** Ends it; the `q`-quantile, in milliseconds, of how long what falls due at a random time waits for the next tick. */
  stop(q: number): number {
    clearTimeout(this.#timer);
    return waitQuantile(this.#gapsMs, q);
  }
}

/** The x that a share of 1 - q of all times waits longer than: sum of max(0, gap - x) = (1 - q) * sum of gaps. */
export function waitQuantile(gaps: readonly number[], q: number): number {
  const descending = [...gaps].sort((a, b) => b - a);
  const share = (1 - q) * gaps.reduce((sum, gap) => sum + gap, 0);
  let longer = 0;
  for (let i = 0; i < descending.length; i++) {
    longer += descending[i]!;
    const x = (longer - share) / (i + 1);
    if (x >= (descending[i + 1] ?? 0)) return x;
  }
  return 0;
}
