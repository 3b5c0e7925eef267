import type { Clock } from '../clock.js';
import type { ReplicaCensus } from './directory.js';

/** Every frame asks for the census; what it is made of changes with answers, and by their age, much less often. */
const KEEP_MS = 20;

export class RecentCensus {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #known = new Map<string, { readonly untilMs: number; readonly census: ReplicaCensus }>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  of(masterId: string, take: () => ReplicaCensus): ReplicaCensus {
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(masterId);
    if (known !== undefined && nowMs < known.untilMs) return known.census;
    const census = take();
    this.#known.set(masterId, { untilMs: nowMs + KEEP_MS, census });
    return census;
  }

  /** Something was answered: what is known is no longer the latest. */
  clear(): void {
    this.#known.clear();
  }
}
