import type { UndecodableReason } from '../groups/entry-reader.js';
import type { HandlingFailure } from './retry-row.js';
import type { Kill } from './suspicion.js';

/**
 * Why a message is set aside:
 * - those of {@link UndecodableReason}, `bad-retry-row`: it cannot be decoded.
 * - `oversized`: it is larger than the group's `maxMessageBytes`.
 * - `killer`: `maxKills` consumers died while they handled it, the last one with nothing else in its hands.
 * - `hanging`: its handler has not returned for `hangingMs`.
 * - `key-cap`: it had failed, and more than `maxWaitingPerKey` messages of its key waited behind it.
 * - `same-failure`: it has failed alike on `poisonConsumers` consumers, where other messages do not.
 * - `set-aside`: it failed by a cause that a playbook has set aside for a time.
 */
export type QuarantineReason =
  | UndecodableReason
  | 'bad-retry-row'
  | 'oversized'
  | 'killer'
  | 'hanging'
  | 'key-cap'
  | 'same-failure'
  | 'set-aside';

/** What is stored beside the message. */
export interface QuarantineEvidence {
  readonly reason: QuarantineReason;
  /** Wall clock of the consumer that set it aside. */
  readonly atMs: number;
  readonly consumer: string;
  /** Failed ones. */
  readonly attempts?: number;
  readonly failures?: readonly HandlingFailure[];
  /** The deaths of consumers that count against it. */
  readonly kills?: readonly Kill[];
  /** For how long its handler had been running. */
  readonly runningMs?: number;
}

/** What the one who decides knows besides. */
export type Findings = Pick<QuarantineEvidence, 'kills' | 'runningMs'>;
