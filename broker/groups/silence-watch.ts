import type { Roster, Seat } from './roster.js';

interface Observed {
  readonly instance: string;
  readonly beat: string;
  readonly sinceMs: number;
  /** It has changed since it was seen first. */
  readonly hasBeaten: boolean;
}

/**
 * Since when each seat's beat has not changed, by this process' own clock: counted from the receipt of the first reply that
 * showed it, so that no clock needs to agree with another.
 */
export class SilenceWatch {
  #observed = new Map<string, Observed>();

  /** Takes in what a reply showed. */
  observe(roster: Roster, nowMs: number): void {
    const next = new Map<string, Observed>();
    for (const [id, { instance, beat }] of roster.seats) {
      const before = this.#observed.get(id);
      const isKnown = before?.instance === instance;
      next.set(id, isKnown && before.beat === beat ? before : { instance, beat, sinceMs: nowMs, hasBeaten: isKnown });
    }
    this.#observed = next;
  }

  /** What was seen before does not count: another server may show other beats. */
  reset(): void {
    this.#observed.clear();
  }

  /** It was seen to beat. */
  isAlive(id: string): boolean {
    return this.#observed.get(id)?.hasBeaten ?? false;
  }

  silentForMs(id: string, nowMs: number): number {
    const observed = this.#observed.get(id);
    return observed === undefined ? 0 : nowMs - observed.sinceMs;
  }

  /** Some seat has been silent for longer than `ms`, and not for its whole session yet. */
  isInDoubt(roster: Roster, ms: number, nowMs: number): boolean {
    return [...roster.seats.values()].some(({ id, sessionMs }) => {
      const silentForMs = this.silentForMs(id, nowMs);
      return silentForMs > ms && silentForMs <= sessionMs;
    });
  }

  /** Seats that have been silent for their whole session. */
  silent(roster: Roster, nowMs: number): Seat[] {
    return [...roster.seats.values()].filter(({ id, sessionMs }) => this.silentForMs(id, nowMs) > sessionMs);
  }
}
