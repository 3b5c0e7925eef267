import { MARK, SEND } from '../checked-run.js';
import type { UnexpectedReason } from '../record.js';
import { addSaturating, type Columns } from './columns.js';

const FOUND = MARK.owed | MARK.deadLettered | MARK.quarantined;

/** Takes in what the system still held at the end. An inventory that never agreed with itself found nothing. */
export function checkInventory(columns: Columns): void {
  const { inventory, plan } = columns.history;
  if (!inventory?.stable) return;
  for (const { ordinal, place, copies, corrupt } of inventory.items) {
    const planned = ordinal < plan.count;
    const reason = planned ? whyUnexpected(columns, ordinal, corrupt) : 'foreign-nonce';
    if (reason !== undefined) {
      if (!planned) columns.unexpectedForeign += copies;
      if (!planned || !columns.has(ordinal, MARK.unexpected)) {
        columns.addUnexpected({ ordinal, reason, where: `inventory (${place})`, atNs: 0 });
      }
      if (planned) columns.mark(ordinal, MARK.unexpected);
    }
    // A corrupt copy is no find: what was accepted is not there.
    if (!planned || corrupt) continue;
    const extra = columns.has(ordinal, FOUND) ? copies : copies - 1;
    addSaturating(columns.extraCopies, ordinal, extra);
    if (place === 'dead-letters') columns.mark(ordinal, MARK.deadLettered);
    else if (place === 'quarantine') columns.mark(ordinal, MARK.quarantined);
    else columns.mark(ordinal, MARK.owed);
  }
}

function whyUnexpected(columns: Columns, ordinal: number, corrupt: boolean): UnexpectedReason | undefined {
  if (corrupt) return 'corrupt-payload';
  if (columns.sentNs[ordinal] === 0) return 'never-sent';
  return columns.send[ordinal] === SEND.rejected ? 'rejected' : undefined;
}
