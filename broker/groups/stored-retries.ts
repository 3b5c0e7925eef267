import { compareEntryIds } from '../log/entry-id.js';
import { decodeMessage } from '../log/frame-codec.js';
import { decodeRetryRow } from '../recovery/retry-row.js';
import { Delivery } from './delivery.js';
import type { Tenure } from './tenure.js';

export interface RetrySink {
  /** Takes a message in whose next attempt is due at `dueAtMs` of the wall clock. */
  onRetry(delivery: Delivery, dueAtMs: number): void;
  /** A row that cannot be decoded. */
  onUndecodable(tenure: Tenure, entryId: string, index: number, stored: Buffer): void;
}

/** Hands over the retries that a former owner left, in the order in which they were published. */
export function takeUpRetries(tenure: Tenure, retries: ReadonlyMap<string, Buffer>, sink: RetrySink): void {
  const rows = [...retries].sort(([a], [b]) => compareReferences(a, b));
  for (const [reference, stored] of rows) {
    const [entryId, index] = splitReference(reference);
    const decoded = decodeRetryRow(stored);
    const message = decoded === undefined ? 'truncated' : decodeMessage(decoded.message, 0, decoded.message.length);
    if (decoded === undefined || typeof message === 'string') {
      sink.onUndecodable(tenure, entryId, index, stored);
      continue;
    }
    const { failedAttempts, failures, dueAtMs, delayMs, forgivenAttempts = 0 } = decoded.row;
    const delivery = new Delivery(tenure, entryId, index, undefined, undefined, message, failedAttempts);
    delivery.failures = failures;
    delivery.forgivenAttempts = forgivenAttempts;
    delivery.storedDelayMs = delayMs;
    // What was put back is due at once, and begins anew.
    delivery.isRetry = dueAtMs > 0;
    sink.onRetry(delivery, dueAtMs);
  }
}

/** `<ms>-<seq>:<index>` */
function splitReference(reference: string): [entryId: string, index: number] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), Number(reference.slice(colon + 1))];
}

function compareReferences(a: string, b: string): number {
  const [aentry, aindex] = splitReference(a);
  const [bentry, bindex] = splitReference(b);
  return compareEntryIds(aentry, bentry) || aindex - bindex;
}
