import type { RunEvent } from '../../reports/results.js';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { Progress } from './progress.js';

/** What happened in a run, as it is shown at once and as the report tells it later. */
export class EventLog {
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #events: { atNs: number; kind: RunEvent['kind']; text: string }[] = [];
  #startNs: number | undefined;

  constructor(clock: Clock, progress: Progress) {
    this.#clock = clock;
    this.#progress = progress;
  }

  /** The load starts at this monotonic time: times of the report count from it. */
  begin(startNs: number): void {
    this.#startNs = startNs;
  }

  add(kind: RunEvent['kind'], text: string): void {
    const atNs = this.#clock.nowNs();
    this.#events.push({ atNs, kind, text });
    const at = this.#startNs === undefined ? '' : `${((atNs - this.#startNs) / 1e9).toFixed(1)} s  `;
    this.#progress.event(`${at}${text}`);
  }

  /** In order of time, in milliseconds from the start of the load. */
  list(): RunEvent[] {
    const startNs = this.#startNs ?? this.#events[0]?.atNs ?? 0;
    return this.#events.map(({ atNs, kind, text }) => ({ atMs: (atNs - startNs) / NS_PER_MS, kind, text }));
  }
}
