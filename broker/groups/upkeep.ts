import type { OnBrokerEvent } from '../broker-event.js';
import type { CancelTimer, Clock } from '../clock.js';
import { pruneProducers, trimLog } from '../log/maintenance.js';
import { expireDeadLetters, type Retention } from '../recovery/retention.js';
import { showPosition } from './group-scripts.js';
import type { Tenure } from './tenure.js';

export interface UpkeepOptions {
  readonly topic: string;
  readonly group: string;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly onEvent: OnBrokerEvent;
  tenures(): readonly Tenure[];
  /** At the end of each round. */
  onRound(): void;
}

const EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 3_600_000;
const EXPIRE_EVERY_MS = 60_000;

/** What an owner does now and then for its partitions: trims the log, shows the position, forgets old producers and dead letters. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #lastPruneMs: number;
  #lastExpiryMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#lastPruneMs = options.clock.nowMs();
  }

  start(): void {
    this.#cancelTimer = this.#options.clock.after(EVERY_MS, () => {
      void this.trim();
      for (const tenure of this.#options.tenures()) this.show(tenure);
      this.#prune();
      void this.#expire();
      this.#options.onRound();
      this.start();
    });
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  /** Shows the recorded position as that of a Redis group, where it has moved. */
  show(tenure: Tenure): void {
    const { low } = tenure.position;
    if (low === tenure.lastShownLow || tenure.isOver || !tenure.link.isOpen) return;
    showPosition(tenure.link, tenure.keys, this.#options.group);
    if (!tenure.hasUnsettledWork) tenure.lastShownLow = low;
  }

  /** Trims where the position has moved. What fails is done again in the next round. */
  async trim(tenures = this.#options.tenures()): Promise<void> {
    const trims = tenures.map(async (tenure) => {
      const { low } = tenure.position;
      if (tenure.isOver || low === tenure.lastTrimmedLow) return;
      // Trimming goes by the recorded low: while that is behind, the next round trims again.
      const isRecorded = !tenure.hasUnsettledWork;
      await trimLog(tenure.link, this.#options.topic, tenure.partition);
      if (isRecorded) tenure.lastTrimmedLow = low;
    });
    await Promise.allSettled(trims);
  }

  #prune(): void {
    const { clock, topic, tenures } = this.#options;
    if (clock.nowMs() - this.#lastPruneMs < PRUNE_EVERY_MS) return;
    this.#lastPruneMs = clock.nowMs();
    for (const { link, partition } of tenures()) pruneProducers(link, topic, partition);
  }

  /** What fails is done again a minute later. */
  async #expire(): Promise<void> {
    const { clock, topic, group, retention, tenures, onEvent } = this.#options;
    const isKept = retention.maxAgeMs === undefined && retention.maxBytes === undefined;
    if (isKept || clock.nowMs() - this.#lastExpiryMs < EXPIRE_EVERY_MS) return;
    this.#lastExpiryMs = clock.nowMs();
    const expiries = tenures().map(async ({ link, keys, partition }) => {
      const count = await expireDeadLetters(link, keys.deadLetters, retention);
      if (count > 0) onEvent({ kind: 'dead-letters-expired', topic, group, partition, count });
    });
    await Promise.allSettled(expiries);
  }
}
