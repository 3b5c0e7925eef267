import { MARK, SEND } from '../checked-run.js';
import type { LedgerFile, RunHistory, WorkerIncident } from '../history.js';
import { LedgerReader } from '../reader.js';
import { KIND } from '../record.js';
import type { Columns } from './columns.js';

/** A missing outcome counts this long after the publish deadline. */
const UNANSWERED_GRACE_NS = 5e9;
/** The generator hands over once per tick; what was due in the tick that a kill or stop cut short was withheld by it. */
const TICK_NS = 10e6;

const OUTCOMES: Readonly<Partial<Record<number, number>>> = {
  [KIND.ACCEPTED]: SEND.accepted,
  [KIND.REJECTED]: SEND.rejected,
  [KIND.INDETERMINATE]: SEND.indeterminate,
};
const OUTCOME_NAMES = ['unsent', 'withheld', 'rejected', 'indeterminate', 'accepted'] as const;

/** Reads the producers' files one after the other: what became of every message at its sender. */
export function checkSenders(columns: Columns): void {
  const { files } = columns.history;
  const producers = files
    .map((file, index) => ({ file, index }))
    .filter(({ file }) => file.role === 'producer')
    .sort((a, b) => a.file.worker - b.file.worker || a.file.incarnation - b.file.incarnation);
  let last = -1;
  let worker = -1;
  for (const { file, index } of producers) {
    if (file.worker !== worker) last = -1;
    worker = file.worker;
    last = readProducer(columns, file, index, last);
  }
  concludeUnanswered(columns);
}

/** Returns the last ordinal that was handed over: reordering is judged by it, so it must ascend. */
function readProducer(columns: Columns, file: LedgerFile, fileIndex: number, lastOrdinal: number): number {
  const { plan, startNs } = columns.history;
  const pauses = incidentsOf(columns.history, file).filter(({ kind }) => kind === 'paused');
  using reader = new LedgerReader(file, columns.damage);
  let last = lastOrdinal;
  let blocked = false;
  let heldUntilNs = 0;
  while (reader.next()) {
    const { kind, ordinal, ns } = reader;
    if (kind === KIND.BLOCKED) blocked = true;
    else if (kind === KIND.UNBLOCKED) {
      blocked = false;
      heldUntilNs = ns;
    } else if (kind === KIND.CONTRACT) {
      columns.contractForeign++;
      columns.addContract(ordinal, `outcome for index ${reader.a}, which names no message of its batch`);
    } else if (ordinal >= plan.count) {
      columns.damage.add(`${reader.name}: record of a message that is not in the plan`, `${ordinal}`);
    } else if (kind === KIND.SENT) {
      if (columns.sentNs[ordinal] !== 0) {
        columns.damage.add('a message was sent twice', `ordinal ${ordinal}`);
        continue;
      }
      if (ordinal <= last) columns.damage.add(`${reader.name}: not sent in the plan's order`, `ordinal ${ordinal}`);
      if (plan.producer[ordinal] !== file.worker) {
        columns.damage.add(`${reader.name}: sent another producer's message`, `ordinal ${ordinal}`);
      }
      last = ordinal;
      columns.sentNs[ordinal] = ns;
      columns.sender[ordinal] = fileIndex;
      const dueNs = startNs + (plan.intendedNs[ordinal] as number);
      if (blocked || heldUntilNs >= dueNs) columns.mark(ordinal, MARK.blocked);
      if (pauses.some(({ fromNs, untilNs }) => dueNs <= untilNs && ns >= fromNs)) columns.mark(ordinal, MARK.paused);
    } else {
      const outcome = OUTCOMES[kind];
      if (outcome === undefined) columns.damage.add(`${reader.name}: record of an unknown kind`, `${kind}`);
      else if (columns.sentNs[ordinal] === 0) {
        columns.damage.add(`${reader.name}: outcome of a message that was not sent`, `ordinal ${ordinal}`);
      } else takeOutcome(columns, ordinal, outcome, ns, pauses);
    }
  }
  if (blocked) markHeldBack(columns, file.worker, last);
  columns.records += reader.records;
  return last;
}

/** What a producer never sent because the driver still blocked when its file ended. */
function markHeldBack(columns: Columns, worker: number, lastSent: number): void {
  const { producer, count } = columns.history.plan;
  for (let ordinal = lastSent + 1; ordinal < count; ordinal++) {
    if (producer[ordinal] === worker) columns.mark(ordinal, MARK.blocked);
  }
}

function takeOutcome(
  columns: Columns,
  ordinal: number,
  outcome: number,
  ns: number,
  pauses: readonly WorkerIncident[],
): void {
  const { send, sentNs, acknowledgedNs, history } = columns;
  const before = send[ordinal] as number;
  if (before === SEND.unsent) {
    const sent = sentNs[ordinal] as number;
    const late = ns - sent > history.publishDeadlineMs * 1e6 + UNANSWERED_GRACE_NS;
    if (late && !pauses.some(({ fromNs, untilNs }) => fromNs <= ns && untilNs >= sent)) {
      columns.mark(ordinal, MARK.unanswered);
    }
  } else if (before !== outcome) {
    columns.mark(ordinal, MARK.contract);
    columns.addContract(ordinal, `${OUTCOME_NAMES[before]}, then ${OUTCOME_NAMES[outcome]}`);
  }
  // Accepted once is accepted; rejected and unsure is unsure. The constants ascend in that order.
  send[ordinal] = Math.max(before, outcome);
  if (outcome === SEND.accepted && acknowledgedNs[ordinal] === 0) acknowledgedNs[ordinal] = ns;
}

/** Sent without an outcome is indeterminate; never sent is withheld when a kill or an ordered stop of its producer held it back. */
function concludeUnanswered(columns: Columns): void {
  const { send, sentNs, sender, history } = columns;
  const { plan, startNs } = history;
  const absences = history.incidents.filter(
    ({ role, kind }) => role === 'producer' && (kind === 'killed' || kind === 'stopped'),
  );
  const endsNs = history.files.map((file) => file.killedNs ?? crashTime(history, file) ?? Infinity);
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    if (send[ordinal] !== SEND.unsent) continue;
    const sent = sentNs[ordinal] as number;
    if (sent === 0) {
      if (absences.length === 0) continue;
      const dueNs = startNs + (plan.intendedNs[ordinal] as number);
      const held = absences.some(
        ({ worker, fromNs, untilNs }) =>
          worker === plan.producer[ordinal] && dueNs >= fromNs - TICK_NS && dueNs <= untilNs,
      );
      if (held) send[ordinal] = SEND.withheld;
      continue;
    }
    send[ordinal] = SEND.indeterminate;
    const waitedNs = (endsNs[sender[ordinal] as number] as number) - sent;
    if (waitedNs > history.publishDeadlineMs * 1e6 + UNANSWERED_GRACE_NS) columns.mark(ordinal, MARK.unanswered);
  }
}

export function incidentsOf(history: RunHistory, file: LedgerFile): readonly WorkerIncident[] {
  return history.incidents.filter(
    ({ role, worker, incarnation }) => role === file.role && worker === file.worker && incarnation === file.incarnation,
  );
}

function crashTime(history: RunHistory, file: LedgerFile): number | undefined {
  return history.crashes.find(
    ({ role, worker, incarnation }) => role === file.role && worker === file.worker && incarnation === file.incarnation,
  )?.atNs;
}
