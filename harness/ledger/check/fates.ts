import { FATE, MARK, SEND } from '../checked-run.js';
import type { Columns } from './columns.js';

/** Gives every accepted message its fate, and judges what else follows from handlings and inventory together. */
export function checkFates(columns: Columns): void {
  const { plan } = columns.history;
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    const accepted = columns.send[ordinal] === SEND.accepted;
    if (accepted) columns.fate[ordinal] = fateOf(columns, ordinal);
    if (columns.successes[ordinal] !== 0 && columns.has(ordinal, MARK.owed)) columns.mark(ordinal, MARK.unsettled);
    const setAside = columns.has(ordinal, MARK.deadLettered | MARK.quarantined);
    if (plan.poison[ordinal] === 0) {
      if (setAside && !isUsedUp(columns, ordinal)) columns.mark(ordinal, MARK.collateral);
    } else if (accepted) {
      const fate = columns.fate[ordinal];
      if (fate !== FATE.deadLettered && fate !== FATE.quarantined) columns.mark(ordinal, MARK.misjudged);
    }
  }
  verifySums(columns);
}

function fateOf(columns: Columns, ordinal: number): number {
  if (columns.successes[ordinal] !== 0) return FATE.delivered;
  if (columns.has(ordinal, MARK.deadLettered)) return FATE.deadLettered;
  if (columns.has(ordinal, MARK.quarantined)) return FATE.quarantined;
  return columns.has(ordinal, MARK.owed) ? FATE.stranded : FATE.lost;
}

/**
 * Whether the ledger holds as many failed handlings as the system may make; one that a kill cut short is a failed one.
 * Where that number is unknown, one failed handling is enough.
 */
function isUsedUp(columns: Columns, ordinal: number): boolean {
  const failed = (columns.starts[ordinal] as number) - (columns.successes[ordinal] as number);
  return failed >= (columns.history.maxAttempts ?? 1);
}

function verifySums(columns: Columns): void {
  let accepted = 0;
  let withFate = 0;
  for (let ordinal = 0; ordinal < columns.history.plan.count; ordinal++) {
    if (columns.send[ordinal] === SEND.accepted) accepted++;
    if (columns.fate[ordinal] !== FATE.none) withFate++;
  }
  if (accepted !== withFate) {
    columns.damage.add('the sums do not agree', `${accepted} messages accepted, ${withFate} with a fate`);
  }
}
