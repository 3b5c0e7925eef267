import type { Results } from './results.js';

export interface Count {
  readonly value: number;
  readonly share: number | null;
}

/** A count of the ledger by metric name, undefined when the document has none. `dead-lettered` finds `deadLettered` too. */
export function ledgerCount(results: Results, name: string): Count | undefined {
  const exact = own(results.ledger.counts, name);
  if (exact !== undefined) return exact;
  const wanted = plain(name);
  return Object.entries(results.ledger.counts).find(([key]) => plain(key) === wanted)?.[1];
}

/** Stories of a violation class; empty when there are none. */
export function ledgerExamples(results: Results, name: string): Results['ledger']['examples'][string] {
  return own(results.ledger.examples, name) ?? [];
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function plain(name: string): string {
  return name.replace(/[^a-z.]/gi, '').toLowerCase();
}
