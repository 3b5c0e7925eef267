import { Columns } from './check/columns.js';
import { checkDeliveries } from './check/deliveries.js';
import { checkExcuses } from './check/excuses.js';
import { checkFates } from './check/fates.js';
import { checkInventory } from './check/inventory.js';
import { checkOrder } from './check/order.js';
import { checkSenders } from './check/senders.js';
import type { CheckedRun } from './checked-run.js';
import type { RunHistory } from './history.js';

/**
 * Judges a run from its plan, its ledger files and the inventory: what became of every message, and every violation.
 * Pure with respect to these; damaged files are reported in `damage`, never thrown. Needs 44 bytes a message beside the
 * plan's 16, and reads the files in chunks.
 */
export function checkRun(history: RunHistory): CheckedRun {
  const columns = new Columns(history);
  checkSenders(columns);
  checkDeliveries(columns);
  checkInventory(columns);
  checkOrder(columns);
  checkExcuses(columns);
  checkFates(columns);
  return {
    history,
    send: columns.send,
    fate: columns.fate,
    sentNs: columns.sentNs,
    acknowledgedNs: columns.acknowledgedNs,
    firstStartNs: columns.firstStartNs,
    firstDoneNs: columns.firstDoneNs,
    firstMember: columns.firstMember,
    starts: columns.starts,
    successes: columns.successes,
    excused: columns.excused,
    extraCopies: columns.extraCopies,
    marks: columns.marks,
    violations: {
      unexpected: columns.unexpected,
      unexpectedForeign: columns.unexpectedForeign,
      contract: columns.contract,
      contractForeign: columns.contractForeign,
    },
    moves: { count: columns.moves, timesNs: Float64Array.from(columns.moveTimesNs) },
    damage: columns.damage.lines(),
    faultsWithoutEffect: columns.faultsWithoutEffect,
    records: columns.records,
  };
}
