import { MARK, SEND } from '../checked-run.js';
import { LedgerReader } from '../reader.js';
import { END_FAILED, KIND, memberNumber, UNEXPECTED_REASONS, type UnexpectedReason } from '../record.js';
import { addSaturating, type Columns } from './columns.js';
import { OpenHandlings } from './open-handlings.js';

/** Between taking the time of a kill and the signal's arrival a worker may still write. */
const KILL_MARGIN_NS = 100e6;
const MAX_MOVE_TIMES = 100_000;

/** Reads the consumers' files merged by time: handlings, successes, overlaps, and which member handles a partition. */
export function checkDeliveries(columns: Columns): void {
  const { files } = columns.history;
  const readers: { readonly reader: LedgerReader; readonly index: number }[] = [];
  const merge = new Deliveries(columns);
  try {
    files.forEach((file, index) => {
      if (file.role !== 'consumer') return;
      const reader = new LedgerReader(file, columns.damage);
      readers.push({ reader, index });
    });
    const live = readers.filter(({ reader, index }) => reader.next() || merge.ended(reader, index));
    while (live.length > 0) {
      let earliest = 0;
      let untilNs = Infinity;
      for (let i = 1; i < live.length; i++) {
        const { ns } = (live[i] as (typeof live)[number]).reader;
        const bestNs = (live[earliest] as (typeof live)[number]).reader.ns;
        if (ns < bestNs || (ns === bestNs && isEnd(live[i]?.reader) && !isEnd(live[earliest]?.reader))) {
          untilNs = Math.min(untilNs, bestNs);
          earliest = i;
        } else untilNs = Math.min(untilNs, ns);
      }
      const { reader, index } = live[earliest] as (typeof live)[number];
      let more: boolean;
      do {
        merge.take(reader, index);
        more = reader.next();
      } while (more && reader.ns < untilNs);
      if (!more) {
        merge.ended(reader, index);
        live.splice(earliest, 1);
      }
    }
  } finally {
    for (const { reader } of readers) reader[Symbol.dispose]();
  }
}

/** At the same time, ends come before starts: what only touches does not overlap. */
function isEnd(reader: LedgerReader | undefined): boolean {
  return reader?.kind === KIND.END;
}

class Deliveries {
  readonly #columns: Columns;
  readonly #open = new OpenHandlings();
  /** By partition: the `memberNumber` of whoever handled it last. */
  readonly #owners = new Map<number, number>();
  /** By file: when its handlings are over at the latest. */
  readonly #endsNs: number[];
  #nowNs = 0;
  #ordinal = 0;
  readonly #isOver = (file: number) => (this.#endsNs[file] as number) <= this.#nowNs;
  readonly #onOverlap = (other: number) => {
    this.#columns.mark(other, MARK.overlapped);
    this.#columns.mark(this.#ordinal, MARK.overlapped);
  };

  constructor(columns: Columns) {
    this.#columns = columns;
    this.#endsNs = columns.history.files.map(({ killedNs }) => killedNs ?? Infinity);
  }

  take(reader: LedgerReader, file: number): void {
    const { ordinal, kind, ns } = reader;
    if (kind === KIND.UNEXPECTED) {
      this.#unexpected(ordinal, UNEXPECTED_REASONS[reader.flags] ?? 'unknown-ordinal', reader, ns);
    } else if (ordinal >= this.#columns.history.plan.count) {
      this.#columns.damage.add(`${reader.name}: record of a message that is not in the plan`, `${ordinal}`);
    } else if (kind === KIND.START) this.#start(reader, file);
    else if (kind === KIND.END) this.#end(reader, file);
    else this.#columns.damage.add(`${reader.name}: record of an unknown kind`, `${kind}`);
  }

  /** The file has no more records. */
  ended(reader: LedgerReader, file: number): false {
    const { killedNs, worker } = reader.file;
    this.#columns.records += reader.records;
    if (killedNs === undefined) this.#endsNs[file] = reader.ns;
    else if (reader.ns > killedNs + KILL_MARGIN_NS) {
      const laterMs = ((reader.ns - killedNs) / 1e6).toFixed(0);
      this.#columns.faultsWithoutEffect.push(
        `the kill of consumer-${worker + 1} did not take hold: its ledger goes on for ${laterMs} ms`,
      );
    }
    return false;
  }

  #start(reader: LedgerReader, file: number): void {
    const columns = this.#columns;
    const { ordinal, ns, a: partition } = reader;
    const sentNs = columns.sentNs[ordinal] as number;
    if (sentNs === 0) this.#unexpected(ordinal, 'never-sent', reader, ns);
    else if (ns < sentNs) columns.damage.add('START before SENT', `ordinal ${ordinal} in ${reader.name}`);
    else if (columns.send[ordinal] === SEND.rejected) this.#unexpected(ordinal, 'rejected', reader, ns);
    const member = memberNumber(reader.file.worker, reader.flags);
    if (columns.starts[ordinal] === 0) {
      columns.firstStartNs[ordinal] = ns;
      columns.firstMember[ordinal] = member;
    }
    addSaturating(columns.starts, ordinal);
    this.#nowNs = ns;
    this.#ordinal = ordinal;
    const key = columns.history.plan.key[ordinal] as number;
    this.#open.begin(ordinal, key, file, reader.b, this.#isOver, this.#onOverlap);
    if (!reader.file.fresh) this.#handledBy(partition, member, ns);
  }

  #end(reader: LedgerReader, file: number): void {
    const columns = this.#columns;
    const { ordinal, ns, flags } = reader;
    const key = columns.history.plan.key[ordinal] as number;
    if (!this.#open.end(ordinal, key, file, reader.b)) {
      columns.damage.add('END without START', `ordinal ${ordinal} in ${reader.name}`);
    }
    if ((flags & END_FAILED) !== 0) return;
    if (columns.successes[ordinal] === 0) columns.firstDoneNs[ordinal] = ns;
    addSaturating(columns.successes, ordinal);
  }

  #unexpected(ordinal: number, reason: UnexpectedReason, reader: LedgerReader, atNs: number): void {
    const columns = this.#columns;
    if (ordinal >= columns.history.plan.count) columns.unexpectedForeign++;
    else if (columns.has(ordinal, MARK.unexpected)) return;
    else columns.mark(ordinal, MARK.unexpected);
    columns.addUnexpected({ ordinal, reason, where: `consumer-${reader.file.worker + 1}`, atNs });
  }

  #handledBy(partition: number, member: number, ns: number): void {
    const owner = this.#owners.get(partition);
    if (owner === member) return;
    this.#owners.set(partition, member);
    if (owner === undefined) return;
    const columns = this.#columns;
    columns.moves++;
    if (columns.moveTimesNs.length < MAX_MOVE_TIMES) columns.moveTimesNs.push(ns);
  }
}
