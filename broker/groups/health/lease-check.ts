import type { OwnFinding } from './finding.js';
import { Trigger, type Verdict } from './trigger.js';

/** How it stands with the partitions that are to be a member's own. */
export interface LeaseStanding {
  /** Whose leases it holds. */
  readonly held: number;
  /** Whose leases it cannot get, or keep, and of which it does not know that they are another's. */
  readonly unleased: number;
}

/** Reports in a row: at a takeover or an acquisition one passes without a confirmation. */
const RAISE_REPORTS = 2;

/**
 * Finds that a member beats, and cannot hold its leases: cut off from their master alone, or refused there. What shows that
 * this is over is a lease that it holds: while it has none to hold nothing shows.
 */
export class LeaseCheck {
  readonly #trigger = new Trigger(RAISE_REPORTS, 1);
  /** The most at a time. */
  #worst = 0;

  /** To be called with each report. */
  look({ held, unleased }: LeaseStanding): OwnFinding[] {
    const wasRaised = this.#trigger.isRaised;
    const calm: Verdict = held > 0 ? 'well' : 'between';
    if (!this.#trigger.step(unleased > 0 ? 'sick' : calm)) return [];
    this.#worst = Math.max(wasRaised ? this.#worst : 0, unleased);
    return [{ kind: 'unleased', partitions: this.#worst }];
  }

  /** It is tried anew. */
  forget(): void {
    this.#trigger.reset();
  }
}
