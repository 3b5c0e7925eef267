import type { OnBrokerEvent } from '../broker-event.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Link } from '../redis/link.js';
import { isRedirection } from '../redis/refusal.js';
import { sendSettle } from './group-scripts.js';
import { type Fenced, parseFenced } from './lease-scripts.js';
import type { TenuresOfLink } from './ownership.js';
import type { Tenure } from './tenure.js';

export interface SettlerOptions {
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Settlements of up to {@link PARTITIONS_AT_FULL_PACE} partitions gather this long; those of more, longer. */
  readonly delayMs: number;
  readonly onEvent: OnBrokerEvent;
  tenuresByLink(): readonly TenuresOfLink[];
  /** The lease is another one's, or of another history: nothing was recorded. */
  onFenced(tenure: Tenure, fenced: Fenced): void;
  /** A settlement was recorded, or is no longer this tenure's to record. */
  onAnswered(): void;
  /** Another node may be responsible. */
  refresh(): void;
}

const REFUSED_RETRY_MS = 50;
/** A call a partition: with more of them the calls a second stay the same (docs/adr/0005). */
const PARTITIONS_AT_FULL_PACE = 8;

/**
 * Gathers what was settled and records it, all partitions of a master in one write, at most one call per partition in
 * flight. A call with an unknown outcome is sent again unchanged, within its tenure: its items are compare-and-set. So an
 * item that did not match was recorded before, by the same call, or is moot: how many those are says nothing.
 */
export class Settler {
  readonly #options: SettlerOptions;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Something was settled: it will be recorded within the delay. */
  schedule(): void {
    if (this.#cancelTimer !== undefined) return;
    const { delayMs } = this.#options;
    const partitions = this.#options.tenuresByLink().reduce((count, { tenures }) => count + tenures.length, 0);
    this.#arm(delayMs * Math.max(1, partitions / PARTITIONS_AT_FULL_PACE));
  }

  /** Sends everything that is not being sent already. */
  flush(): void {
    this.stop();
    for (const { link, tenures } of this.#options.tenuresByLink()) {
      if (!link.isOpen) continue;
      link.corked(() => {
        for (const tenure of tenures) if (!tenure.isOver && !tenure.isSettling) this.#send(link, tenure);
      });
    }
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #send(link: Link, tenure: Tenure): void {
    const settlement = tenure.takeSettlement();
    if (settlement === undefined) return;
    const { owner, random, onEvent, onFenced, onAnswered, refresh } = this.#options;
    tenure.isSettling = true;
    sendSettle(link, tenure.keys, owner, tenure.token, settlement, (error, reply) => {
      tenure.isSettling = false;
      const fenced = error === undefined ? parseFenced(reply) : undefined;
      if (error === undefined && fenced === undefined) {
        for (const { event } of settlement.transitions) if (event !== undefined) onEvent(event);
      }
      if (tenure.isOver) return onAnswered();
      if (error) {
        if (isRedirection(error)) refresh();
        // On a closed link it is sent when that is open again; a refusal may pass.
        if (link.isOpen) this.#arm(REFUSED_RETRY_MS * (1 + random()));
        return;
      }
      if (fenced !== undefined) {
        onFenced(tenure, fenced);
      } else {
        tenure.unconfirmed = undefined;
        if (tenure.hasUnsettledWork) this.schedule();
      }
      onAnswered();
    });
  }

  #arm(ms: number): void {
    this.#cancelTimer ??= this.#options.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.flush();
    });
  }
}
