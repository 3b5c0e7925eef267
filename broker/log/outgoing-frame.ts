import type { BrokerError } from '../broker-error.js';
import type { Receipt } from './message.js';

/** A timeout is not a failure: there are three outcomes. */
export type PublishOutcome =
  | { readonly kind: 'accepted'; readonly receipt: Receipt }
  /** Definitely not stored. */
  | { readonly kind: 'rejected'; readonly error: BrokerError }
  /** Stored, or not. */
  | { readonly kind: 'indeterminate'; readonly error: BrokerError };

/** Called exactly once for every message, by its index in the batch. */
export type OnPublishOutcome = (index: number, outcome: PublishOutcome) => void;

/**
 * Messages of one partition on their way: encoded already, with what has to be called for each. Sequences are
 * contiguous. Messages leave from the front only, as their deadlines ascend.
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
  /** Index in the lists of the message with sequence `first`. */
  head = 0;
  readonly #ends: number[] = [];
  readonly #deadlinesMs: number[] = [];
  readonly #indexes: number[] = [];
  readonly #listeners: OnPublishOutcome[] = [];

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

  /** Deadline of the oldest unanswered message. */
  get deadlineMs(): number {
    return this.#deadlinesMs[this.answered] ?? Number.POSITIVE_INFINITY;
  }

  append(end: number, deadlineMs: number, index: number, onOutcome: OnPublishOutcome): void {
    this.end = end;
    this.last++;
    this.#ends.push(end);
    this.#deadlinesMs.push(deadlineMs);
    this.#indexes.push(index);
    this.#listeners.push(onOutcome);
  }

  /** Answers the oldest unanswered message. It stays in the frame. */
  answerNext(outcome: PublishOutcome): void {
    const at = this.answered++;
    this.#listeners[at]!(this.#indexes[at]!, outcome);
  }

  answerAll(outcome: PublishOutcome): void {
    while (!this.isAnswered) this.answerNext(outcome);
  }

  /** Answers what is unanswered up to and including `sequence`. */
  answerThrough(sequence: number, outcome: PublishOutcome): void {
    const end = this.head + (sequence - this.first) + 1;
    while (this.answered < end) this.answerNext(outcome);
  }

  /** Takes the messages up to and including `sequence` out of the frame. */
  cutThrough(sequence: number): void {
    const removed = sequence - this.first + 1;
    this.head += removed;
    this.start = this.#ends[this.head - 1]!;
    this.first = sequence + 1;
  }
}
