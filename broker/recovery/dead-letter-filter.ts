import { BrokerError } from '../broker-error.js';
import type { DeadLetter, Shelf } from './dead-letter.js';

/** Which of them. All that are given have to hold; `{}` is all. */
export interface DeadLetterFilter {
  readonly shelf?: Shelf;
  readonly refs?: readonly string[];
  readonly fingerprint?: string;
  /** Given up before this wall clock time. */
  readonly beforeMs?: number;
}

export function acceptorOf({ fingerprint, beforeMs }: DeadLetterFilter): (letter: DeadLetter) => boolean {
  return (letter) =>
    (fingerprint === undefined || letter.fingerprint === fingerprint) &&
    (beforeMs === undefined || letter.atMs < beforeMs);
}

/**
 * Partitions in which it can lie; with the entries, in their order, where those are named. Throws `bad-option` where a ref is
 * none.
 */
export function placesOf({ refs }: DeadLetterFilter, partitions: number): [number, readonly string[] | undefined][] {
  if (refs === undefined) return Array.from({ length: partitions }, (_, partition) => [partition, undefined]);
  const named = new Map<number, string[]>();
  for (const ref of new Set(refs)) {
    const [, digits, entry] = /^(\d+)\/(\d+-\d+)$/.exec(ref) ?? [];
    const partition = Number(digits);
    if (entry === undefined || partition >= partitions) {
      const expected = `expected <partition>/<entry>, such as 0/1700000000000-0, with a partition below ${partitions}`;
      throw new BrokerError('bad-option', `refs: '${ref}' names no dead letter: ${expected}`);
    }
    named.set(partition, [...(named.get(partition) ?? []), entry]);
  }
  return [...named].sort(([a], [b]) => a - b).map(([partition, entries]) => [partition, entries.sort(byAge)]);
}

function byAge(a: string, b: string): number {
  const [ams, aseq] = a.split('-').map(Number) as [number, number];
  const [bms, bseq] = b.split('-').map(Number) as [number, number];
  return ams - bms || aseq - bseq;
}
