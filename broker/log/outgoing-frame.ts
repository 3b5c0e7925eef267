import type { BrokerError } from '../broker-error.js';
import { messageEnd } from './frame-codec.js';
import type { Receipt } from './message.js';
import type { RetainedFrames } from './retained-frames.js';

/** A timeout is not a failure: there are three outcomes. */
export type PublishOutcome =
  | { readonly kind: 'accepted'; readonly receipt: Receipt }
  /** Definitely not stored. */
  | { readonly kind: 'rejected'; readonly error: BrokerError }
  /** Stored, or not. */
  | { readonly kind: 'indeterminate'; readonly error: BrokerError };

/** Called exactly once for every message, by its index in the batch. */
export type OnPublishOutcome = (index: number, outcome: PublishOutcome) => void;

interface DedupeId {
  readonly sequence: number;
  readonly hash: Buffer;
}

/**
 * Messages of one partition on their way: encoded already, with what has to be called for each. Sequences are
 * contiguous. Messages leave from the front only, as their deadlines ascend. Once all are answered the frame may be kept
 * for a replay: it is then its bytes and sequences, no more.
 */
export class OutgoingFrame {
  buffer: Buffer;
  /** The encoded messages lie in [start, end) of the buffer. */
  start: number;
  end: number;
  /** Sequences of the messages in the buffer. */
  first: number;
  last: number;
  /** Messages before this index of the lists are gone from the frame or answered. */
  answered = 0;
  /** An attempt to send it has no answer yet. */
  isInTheAir = false;
  /** An attempt ended without telling whether the log has it. */
  isUncertain = false;
  /** Why the log refused it last. */
  refusal: BrokerError | undefined;
  /** Who keeps it for a replay. */
  keeper: RetainedFrames | undefined;
  /** Kept, and confirmed by as many replicas as are needed: at this time (monotonic). */
  confirmedAtMs: number | undefined;
  /** Index in the lists of the message with sequence `first`. */
  #head = 0;
  #deadlinesMs: number[] = [];
  #indexes: number[] = [];
  #listeners: OnPublishOutcome[] = [];
  #dedupe: DedupeId[] | undefined;
  /** The same of a frame that is kept: as {@link dedupe} gave them when `first` was {@link #packedFirst}. */
  #packed: Buffer | undefined;
  #packedFirst = 0;

  constructor(buffer: Buffer, start: number, first: number) {
    this.buffer = buffer;
    this.start = start;
    this.end = start;
    this.first = first;
    this.last = first - 1;
  }

  get count(): number {
    return this.last - this.first + 1;
  }

  get bytes(): number {
    return this.end - this.start;
  }

  get isAnswered(): boolean {
    return this.answered === this.#indexes.length;
  }

  /** The log may have it, or may yet get it. */
  get mayBeStored(): boolean {
    return this.isInTheAir || this.isUncertain;
  }

  /** Deadline of the oldest unanswered message. */
  get deadlineMs(): number {
    return this.#deadlinesMs[this.answered] ?? Number.POSITIVE_INFINITY;
  }

  /** Hashes of application ids, by index in the frame; undefined where no message has one. */
  get dedupe(): Buffer | undefined {
    const ids = this.#dedupeIds?.filter(({ sequence }) => sequence >= this.first);
    if (ids === undefined || ids.length === 0) return undefined;
    const records: Buffer[] = [];
    for (const { sequence, hash } of ids) {
      const index = Buffer.allocUnsafe(2);
      index.writeUInt16BE(sequence - this.first);
      records.push(index, hash);
    }
    return Buffer.concat(records);
  }

  append(
    end: number,
    deadlineMs: number,
    index: number,
    onOutcome: OnPublishOutcome,
    dedupeHash: Buffer | undefined,
  ): void {
    this.end = end;
    this.last++;
    this.#deadlinesMs.push(deadlineMs);
    this.#indexes.push(index);
    this.#listeners.push(onOutcome);
    if (dedupeHash !== undefined) {
      this.#dedupe ??= [];
      this.#dedupe.push({ sequence: this.last, hash: dedupeHash });
    }
  }

  /** Adds the messages of an answered frame, whose sequences go on where this one's end. The buffer has room for them. */
  appendAnswered(frame: OutgoingFrame): void {
    this.end += frame.buffer.copy(this.buffer, this.end, frame.start, frame.end);
    this.last = frame.last;
    const ids = frame.#dedupeIds;
    if (ids === undefined) return;
    this.#dedupe ??= [];
    this.#dedupe.push(...ids);
  }

  /** Answers the oldest unanswered message. It stays in the frame. */
  answerNext(outcome: PublishOutcome): void {
    const at = this.answered++;
    this.#listeners[at]!(this.#indexes[at]!, outcome);
  }

  /** Answers the rest; those at the indexes `skip` of the frame (ascending) with `skipped`. */
  answerAll(outcome: PublishOutcome, skip: readonly number[] = NONE, skipped: PublishOutcome = outcome): void {
    if (skip.length === 0) {
      while (!this.isAnswered) this.answerNext(outcome);
      return;
    }
    const indexes = new Set(skip);
    while (!this.isAnswered) this.answerNext(indexes.has(this.answered - this.#head) ? skipped : outcome);
  }

  /** Answers what is unanswered up to and including `sequence`. */
  answerThrough(sequence: number, outcome: PublishOutcome): void {
    const end = this.#head + (sequence - this.first) + 1;
    while (this.answered < end) this.answerNext(outcome);
  }

  /** Takes the messages up to and including `sequence` out of the frame. */
  cutThrough(sequence: number): void {
    const removed = sequence - this.first + 1;
    for (let i = 0; i < removed; i++) this.start = messageEnd(this.buffer, this.start) as number;
    this.#head += removed;
    this.first = sequence + 1;
  }

  /** Takes out what is answered. */
  cutAnswered(): void {
    this.cutThrough(this.first + (this.answered - this.#head) - 1);
  }

  /** All are answered: lets go of what was only needed for that, and of every object that is there for each message. */
  dropListeners(): void {
    const ids = this.dedupe;
    if (ids !== undefined) {
      // Not from Node's shared slabs: what is kept for long would keep their other tenants' memory.
      this.#packed = Buffer.allocUnsafeSlow(ids.length);
      ids.copy(this.#packed);
      this.#packedFirst = this.first;
    }
    this.#dedupe = undefined;
    this.#deadlinesMs = NOTHING;
    this.#indexes = NOTHING;
    this.#listeners = NOTHING;
    this.answered = 0;
  }

  get #dedupeIds(): readonly DedupeId[] | undefined {
    const packed = this.#packed;
    if (packed === undefined) return this.#dedupe;
    return Array.from({ length: packed.length / RECORD_BYTES }, (_, i) => {
      const at = i * RECORD_BYTES;
      const sequence = this.#packedFirst + packed.readUInt16BE(at);
      return { sequence, hash: packed.subarray(at + 2, at + RECORD_BYTES) };
    });
  }
}

const RECORD_BYTES = 18;
const NONE: readonly number[] = [];
/** Shared by all frames that take nothing more. */
const NOTHING: never[] = [];
