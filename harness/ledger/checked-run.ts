import type { RunHistory } from './history.js';
import type { UnexpectedReason } from './record.js';

/** What became of a planned message at the sender. */
export const SEND = { unsent: 0, withheld: 1, rejected: 2, indeterminate: 3, accepted: 4 } as const;
/** What became of an accepted message. */
export const FATE = { none: 0, delivered: 1, deadLettered: 2, quarantined: 3, stranded: 4, lost: 5 } as const;

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
  /** Handlings begun, and successes, saturating at 255. */
  readonly starts: Uint8Array;
  readonly successes: Uint8Array;
  /** Bits per ordinal, see checker.ts: reordered, overlapped, unsettled, excused duplicates, collateral, ... */
  readonly marks: Uint16Array;
  readonly violations: Violations;
  /** Why the ledger cannot be trusted (torn without a kill, START before SENT, ...): the run is inconclusive. */
  readonly damage: readonly string[];
  readonly records: number;
}

export interface Violations {
  readonly unexpected: readonly {
    readonly ordinal: number;
    readonly reason: UnexpectedReason;
    readonly where: string;
  }[];
  /** A driver's contradictory outcomes. */
  readonly contract: readonly { readonly ordinal: number; readonly detail: string }[];
}
