import type { RunHistory } from './history.js';
import type { UnexpectedReason } from './record.js';

/** What became of a planned message at the sender. */
export const SEND = { unsent: 0, withheld: 1, rejected: 2, indeterminate: 3, accepted: 4 } as const;
/** What became of an accepted message. */
export const FATE = { none: 0, delivered: 1, deadLettered: 2, quarantined: 3, stranded: 4, lost: 5 } as const;

/** Bits of `CheckedRun.marks`. */
export const MARK = {
  /** Finished after a message of its key that the same producer instance had handed over later. */
  reordered: 1 << 0,
  /** The same, but one of the pair is indeterminate: reported apart. */
  reorderedIndeterminate: 1 << 1,
  overlapped: 1 << 2,
  unsettled: 1 << 3,
  collateral: 1 << 4,
  misjudged: 1 << 5,
  unexpected: 1 << 6,
  contract: 1 << 7,
  unanswered: 1 << 8,
  /** Held back, wholly or partly, because the driver said that publishing would block. */
  blocked: 1 << 9,
  /** Held back by a pause of its producer that the scenario ordered. */
  paused: 1 << 10,
  /** Found by the inventory where the system still owes it to a consumer: log, pending, retry, parked. */
  owed: 1 << 11,
  deadLettered: 1 << 12,
  quarantined: 1 << 13,
} as const;

/**
 * The checker's result: what happened to every message, as arrays by ordinal (below 64 bytes a message with the plan's),
 * and the violations found. Metrics are functions of it.
 */
export interface CheckedRun {
  readonly history: RunHistory;
  /** SEND. */
  readonly send: Uint8Array;
  /** FATE; `none` unless accepted. */
  readonly fate: Uint8Array;
  /** Monotonic ns, 0 where it never happened. */
  readonly sentNs: Float64Array;
  readonly acknowledgedNs: Float64Array;
  readonly firstStartNs: Float64Array;
  readonly firstDoneNs: Float64Array;
  /** `memberNumber` of whoever began the first handling; 0 where nobody did. */
  readonly firstMember: Uint16Array;
  /** Handlings begun, and successes, saturating at 255. */
  readonly starts: Uint8Array;
  readonly successes: Uint8Array;
  /** Extra successes that a kill, pause, cut-off or failover excuses, saturating at 255. */
  readonly excused: Uint8Array;
  /** Copies beyond the first that the inventory found, saturating at 255. */
  readonly extraCopies: Uint8Array;
  /** Bits of {@link MARK}. */
  readonly marks: Uint16Array;
  readonly violations: Violations;
  readonly moves: Moves;
  /** Why the ledger cannot be trusted (torn without a kill, START before SENT, ...): the run is inconclusive. */
  readonly damage: readonly string[];
  /** Faults that turned out not to have taken hold: a killed consumer that went on handling. */
  readonly faultsWithoutEffect: readonly string[];
  readonly records: number;
}

export interface Violations {
  /** The first {@link MAX_LISTED}; the counts are complete. */
  readonly unexpected: readonly UnexpectedMessage[];
  /** Unexpected deliveries and finds that belong to no planned message; the others are marked by ordinal. */
  readonly unexpectedForeign: number;
  /** A driver's contradictory outcomes; the first {@link MAX_LISTED}. */
  readonly contract: readonly { readonly ordinal: number; readonly detail: string }[];
  /** Outcomes that name no message of their batch; the others are marked by ordinal. */
  readonly contractForeign: number;
}

export const MAX_LISTED = 1000;

export interface UnexpectedMessage {
  readonly ordinal: number;
  readonly reason: UnexpectedReason;
  /** `consumer-1`, `inventory (log)`. */
  readonly where: string;
  /** Monotonic ns; 0 for the inventory. */
  readonly atNs: number;
}

/** Changes of the member that handles a partition. */
export interface Moves {
  readonly count: number;
  /** Monotonic ns of the first 100,000. */
  readonly timesNs: Float64Array;
}
