import { type Clock, NS_PER_MS, NS_PER_SEC } from '../clock.js';
import type { Timeline } from '../faults/timeline.js';
import type { LoadPlan } from '../load/plan.js';
import type { Progress } from './progress.js';
import type { WorkerFleet } from './worker-fleet.js';

const INTERVAL_MS = 250;

export interface LiveViewOptions {
  readonly plan: LoadPlan;
  readonly startNs: number;
  readonly fleet: WorkerFleet;
  readonly timeline: Timeline;
  readonly progress: Progress;
  readonly clock: Clock;
}

/** Feeds the progress display while the load goes on. */
export class LiveView implements Disposable {
  readonly #options: LiveViewOptions;
  readonly #timer: NodeJS.Timeout;
  #last = { atNs: 0, sent: 0, done: 0 };

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
  }

  /** The load is over: from now on the display names what is being waited for. */
  stage(text: string): void {
    clearInterval(this.#timer);
    this.#options.progress.stage(text);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { plan, startNs, fleet, timeline, progress, clock } = this.#options;
    const nowNs = clock.nowNs();
    const { sent, accepted, done, p99Ms } = fleet.totals();
    const last = this.#last;
    this.#last = { atNs: nowNs, sent, done };
    if (last.atNs === 0) return;
    const seconds = (nowNs - last.atNs) / NS_PER_SEC;
    const phase = plan.phases.find(({ endNs }) => nowNs - startNs < endNs);
    progress.live({
      phase: phase?.name ?? 'end of load',
      sentPerSec: (sent - last.sent) / seconds,
      deliveredPerSec: (done - last.done) / seconds,
      p99Ms,
      inFlight: Math.max(0, accepted - done),
      faults: timeline
        .records()
        .filter(({ injectedNs, liftedNs }) => injectedNs !== undefined && liftedNs === undefined)
        .map(({ id }) => id),
      leftMs: (startNs + plan.endNs - nowNs) / NS_PER_MS,
    });
  }
}
