/**
 * The ledger's record: 24 bytes, little-endian, one append-only file per worker incarnation.
 *
 * offset 0 u32 ordinal | 4 u8 kind | 5 u8 flags | 6 u16 check | 8 f64 ns (process.hrtime) | 16 u32 a | 20 u32 b
 *
 * `check` folds the other 22 bytes, so that a torn or overwritten record is known for what it is.
 */
export const RECORD_BYTES = 24;

/** Ordinal of records that belong to no planned message. */
export const NO_ORDINAL = 0xffffffff;

export const KIND = {
  /** First record of a file. a: worker index, b: incarnation, flags: {@link ROLE}. */
  OPEN: 1,
  /** Handed over to the driver. */
  SENT: 2,
  ACCEPTED: 3,
  /** a: index into REJECT_REASONS. */
  REJECTED: 4,
  INDETERMINATE: 5,
  /** Handler entered. flags: the worker's member (from 0), a: partition, b: attempt as the driver says. */
  START: 6,
  /** Handler finished; flags: {@link END_FAILED} when it failed. a: partition, b: attempt. */
  END: 7,
  /** A delivery that matches nothing that was sent. ordinal as far as known, flags: index into UNEXPECTED_REASONS. */
  UNEXPECTED: 8,
  /** The driver said that publishing would block. */
  BLOCKED: 9,
  UNBLOCKED: 10,
  /** An outcome callback that names no message of its batch. a: the index given. */
  CONTRACT: 11,
  /** Last record of a file that was ended in order. a: number of records before it. */
  CLOSE: 12,
} as const;
export type RecordKind = (typeof KIND)[keyof typeof KIND];

/** Members of the group in one worker at the most: START has a byte for them. */
export const MAX_MEMBERS = 256;

/** One number for a member of a worker, both from 0: it stays with them from incarnation to incarnation. */
export function memberNumber(worker: number, member: number): number {
  return worker * MAX_MEMBERS + member;
}

export const ROLE = { producer: 0, consumer: 1 } as const;
export const END_FAILED = 1;

export const UNEXPECTED_REASONS = [
  'foreign-nonce',
  'unknown-ordinal',
  'id-mismatch',
  'key-mismatch',
  'corrupt-payload',
  'never-sent',
  'rejected',
] as const;
export type UnexpectedReason = (typeof UNEXPECTED_REASONS)[number];

/** Name of a worker's ledger file: `producer-1.0.ledger` is producer 1 (from 1), first incarnation. */
export function ledgerFileName(role: 'producer' | 'consumer', index: number, incarnation: number): string {
  return `${role}-${index + 1}.${incarnation}.ledger`;
}
