import { MAX_LISTED, type UnexpectedMessage } from '../checked-run.js';
import type { RunHistory } from '../history.js';
import { Damage } from './damage.js';

const SATURATED = 255;

/** What the checker fills in, step by step: 44 bytes a message, beside the plan's 16. */
export class Columns {
  readonly history: RunHistory;
  readonly send: Uint8Array;
  readonly fate: Uint8Array;
  readonly sentNs: Float64Array;
  readonly acknowledgedNs: Float64Array;
  readonly firstStartNs: Float64Array;
  readonly firstDoneNs: Float64Array;
  readonly firstMember: Uint16Array;
  readonly starts: Uint8Array;
  readonly successes: Uint8Array;
  readonly excused: Uint8Array;
  readonly extraCopies: Uint8Array;
  readonly marks: Uint16Array;
  /** Index into `history.files` of the producer incarnation that sent the message. */
  readonly sender: Uint16Array;
  readonly damage = new Damage();
  readonly unexpected: UnexpectedMessage[] = [];
  unexpectedForeign = 0;
  readonly contract: { readonly ordinal: number; readonly detail: string }[] = [];
  contractForeign = 0;
  readonly faultsWithoutEffect: string[] = [];
  readonly moveTimesNs: number[] = [];
  moves = 0;
  records = 0;

  constructor(history: RunHistory) {
    const { count } = history.plan;
    this.history = history;
    this.send = new Uint8Array(count);
    this.fate = new Uint8Array(count);
    this.sentNs = new Float64Array(count);
    this.acknowledgedNs = new Float64Array(count);
    this.firstStartNs = new Float64Array(count);
    this.firstDoneNs = new Float64Array(count);
    this.firstMember = new Uint16Array(count);
    this.starts = new Uint8Array(count);
    this.successes = new Uint8Array(count);
    this.excused = new Uint8Array(count);
    this.extraCopies = new Uint8Array(count);
    this.marks = new Uint16Array(count);
    this.sender = new Uint16Array(count);
  }

  mark(ordinal: number, mark: number): void {
    this.marks[ordinal] = (this.marks[ordinal] as number) | mark;
  }

  has(ordinal: number, mark: number): boolean {
    return ((this.marks[ordinal] as number) & mark) !== 0;
  }

  addUnexpected(message: UnexpectedMessage): void {
    if (this.unexpected.length < MAX_LISTED) this.unexpected.push(message);
  }

  addContract(ordinal: number, detail: string): void {
    if (this.contract.length < MAX_LISTED) this.contract.push({ ordinal, detail });
  }
}

/** Adds to a column of bytes, which stays at 255 rather than wrapping. */
export function addSaturating(column: Uint8Array, ordinal: number, by = 1): void {
  column[ordinal] = Math.min(SATURATED, (column[ordinal] as number) + by);
}
