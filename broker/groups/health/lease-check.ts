import type { OwnFinding } from './finding.js';
import { Trigger, type Verdict } from './trigger.js';

/** How it stands with the partitions that are to be a member's own. */
export interface LeaseStanding {
  /** Whose leases it holds: one for each master. */
  readonly held: readonly number[];
  /** Whose leases it cannot get, or keep, and of which it does not know that they are another's. */
  readonly unleased: number;
  /** One of those is on the master of `partition`. */
  isUnleasedBeside(partition: number): boolean;
}

/** Reports in a row: at a takeover or an acquisition one passes without a confirmation. */
const RAISE_REPORTS = 2;
/**
 * Leases that nobody can hold, while a master fails over, are nobody's sickness: some find it, and are over it, a beat or two
 * before the others.
 */
const ALONE_REPLIES = 4;

/**
 * Finds that a member beats, and cannot hold its leases: cut off from their master alone, or refused there. What shows that
 * this is over is a lease that it holds: while it has none to hold nothing shows.
 */
export class LeaseCheck {
  readonly #trigger = new Trigger(RAISE_REPORTS, 1);
  /** The most at a time. */
  #worst = 0;
  #repliesAlone = 0;

  /** To be called with each reply, whether it shows another member that holds leases where this one cannot. */
  see(isAlone: boolean): void {
    this.#repliesAlone = isAlone ? this.#repliesAlone + 1 : 0;
  }

  /** To be called with each report. */
  look({ held, unleased }: Pick<LeaseStanding, 'held' | 'unleased'>): OwnFinding[] {
    const wasRaised = this.#trigger.isRaised;
    const calm: Verdict = held.length > 0 ? 'well' : 'between';
    if (!this.#trigger.step(unleased > 0 ? 'sick' : calm)) return [];
    this.#worst = Math.max(wasRaised ? this.#worst : 0, unleased);
    return [{ kind: 'unleased', partitions: this.#worst, isAlone: this.#repliesAlone >= ALONE_REPLIES }];
  }

  /** It is tried anew. */
  forget(): void {
    this.#trigger.reset();
  }
}
