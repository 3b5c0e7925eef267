import type { CancelTimer, Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Link } from '../redis/link.js';
import { classifyFailure } from '../redis/refusal.js';
import { parseSettleReply, sendSettle } from './group-scripts.js';
import type { Tenure } from './tenure.js';

export interface SettlerOptions {
  readonly link: Link;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Settlements gather this long. */
  readonly delayMs: number;
  tenures(): Iterable<Tenure>;
  /** The lease row names another owner (`token` above ours), or is gone. */
  onNotOwner(tenure: Tenure, storedToken: string): void;
  /** A settlement was recorded, or is no longer this owner's to record. */
  onAnswered(): void;
}

const REFUSED_RETRY_MS = 50;

/**
 * Gathers what was settled and records it, all partitions in one write, at most one call per partition in flight. A
 * call with an unknown outcome is sent again unchanged: its items are compare-and-set.
 */
export class Settler {
  readonly #options: SettlerOptions;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Something was settled: it will be recorded within the delay. */
  schedule(): void {
    this.#arm(this.#options.delayMs);
  }

  /** Sends everything that is not being sent already. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { link } = this.#options;
    if (!link.isOpen) return;
    link.corked(() => {
      for (const tenure of this.#options.tenures()) {
        if (!tenure.isOver && !tenure.isSettling && tenure.history === link.history) this.#send(tenure);
      }
    });
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #send(tenure: Tenure): void {
    const settlement = tenure.takeSettlement();
    if (settlement === undefined) return;
    const { link, owner } = this.#options;
    tenure.isSettling = true;
    sendSettle(link, tenure.keys, owner, tenure.token, settlement, (error, reply) => {
      tenure.isSettling = false;
      if (tenure.isOver) return;
      if (error) {
        // An unknown outcome is cured when the link is open again; a refusal may pass.
        const failure = classifyFailure(error);
        if (failure !== 'ambiguous' || link.isOpen) this.#arm(REFUSED_RETRY_MS * (1 + this.#options.random()));
        return;
      }
      const answer = parseSettleReply(reply);
      if (answer.kind === 'not-owner') {
        this.#options.onNotOwner(tenure, answer.token);
      } else {
        tenure.unconfirmed = undefined;
        if (tenure.hasUnsettledWork) this.schedule();
      }
      this.#options.onAnswered();
    });
  }

  #arm(ms: number): void {
    this.#cancelTimer ??= this.#options.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.flush();
    });
  }
}
