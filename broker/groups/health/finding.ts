/** A handler that has not returned for longer than `stuckHandlerMs`. */
export interface StuckHandler {
  readonly partition: number;
  readonly id: string;
  readonly key: string | undefined;
  readonly ageMs: number;
}

export interface StuckFinding {
  readonly kind: 'stuck';
  readonly count: number;
  /** The oldest ones. */
  readonly handlers: readonly StuckHandler[];
}

export interface StalledFinding {
  readonly kind: 'stalled';
  /** The longest that its event loop stood still. */
  readonly loopDelayMs: number;
}

/** It beats, but its leases are not confirmed: it may handle nothing of the partitions that are to be its own. */
export interface UnleasedFinding {
  readonly kind: 'unleased';
  /** How many of them, at the most. */
  readonly partitions: number;
  /** Others have held leases on the same masters for some replies. Where nobody does, a master is away, and no member is sick. */
  readonly isAlone: boolean;
}

/** What a member finds of itself, and tells the others. */
export type OwnFinding = StuckFinding | StalledFinding | UnleasedFinding;

export interface SlowFinding {
  readonly kind: 'slow';
  /** How long its handlers take, and the median of its peers'. */
  readonly serviceMs: number;
  readonly peersMs: number;
}

export interface FailingFinding {
  readonly kind: 'failing';
  /** How many of 1 of its handlers fail, and the median of its peers'. */
  readonly failureRatio: number;
  readonly peersRatio: number;
}

export interface SuspectFinding {
  readonly kind: 'suspect';
  /** See `phiThreshold`. */
  readonly phi: number;
  readonly silentMs: number;
}

/** What is wrong with a member, with the evidence. */
export type HealthFinding =
  | SuspectFinding
  | UnleasedFinding
  | StalledFinding
  | StuckFinding
  | FailingFinding
  | SlowFinding;

/** A message that has failed on several members: the message is sick, not they. */
export interface PoisonLoop {
  readonly partition: number;
  readonly id: string;
  readonly key: string | undefined;
  readonly attempts: number;
  /** Members, or lives of one, on which it has failed. */
  readonly members: number;
}
