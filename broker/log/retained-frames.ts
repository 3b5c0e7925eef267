import { OutgoingFrame } from './outgoing-frame.js';
import type { ReplayBuffer } from './replay-buffer.js';
import { type SendQueueOptions, TAIL_BYTES } from './send-queue.js';

const SLACK = 256;

/**
 * The frames of one lane that were acknowledged and are kept for a replay, in the order of their sequences:
 *
 *     confirmed (the tail) | stored, not confirmed | lost, to be replayed
 *
 * Sequences of messages that were given up are missing between them.
 */
export class RetainedFrames {
  readonly #buffer: ReplayBuffer;
  readonly #options: SendQueueOptions;
  #frames: OutgoingFrame[] = [];
  #head = 0;
  /** Index of the first that is not confirmed. */
  #unconfirmed = 0;
  /** Index of the first to be replayed; the list's length where there is none. */
  #replay = 0;
  /** What is not kept any more: the highest acknowledged sequence that was let go and that the log had. */
  #lettingGoThrough = 0;

  constructor(buffer: ReplayBuffer, options: SendQueueOptions) {
    this.#buffer = buffer;
    this.#options = options;
  }

  /** The log has lost some. */
  get hasLost(): boolean {
    return this.#replay < this.#frames.length;
  }

  /**
   * The next that the log has lost: as many as follow each other and fit into one frame, since each costs a round trip. It
   * is a copy with a buffer from the pool and no keeper, unless it is one frame alone: what is kept stays as it is, for
   * whatever the log turns out to have next.
   */
  nextReplay(): OutgoingFrame | undefined {
    const { pool, maxFrameBytes, maxFrameMessages, headRoomBytes } = this.#options;
    const first = this.#frames[this.#replay];
    if (first === undefined) return undefined;
    let { bytes, count, last } = first;
    let end = this.#replay + 1;
    for (let next = this.#frames[end]; next?.first === last + 1; next = this.#frames[++end]) {
      if (bytes + next.bytes > maxFrameBytes || count + next.count > maxFrameMessages) break;
      bytes += next.bytes;
      count += next.count;
      last = next.last;
    }
    if (end === this.#replay + 1) return first;
    const merged = new OutgoingFrame(pool.take(headRoomBytes + bytes + TAIL_BYTES), headRoomBytes, first.first);
    for (let i = this.#replay; i < end; i++) merged.appendAnswered(this.#frames[i]!);
    return merged;
  }

  get hasUnconfirmed(): boolean {
    return this.#unconfirmed < this.#frames.length;
  }

  /** Some that the log has are not confirmed. */
  get hasUnconfirmedStored(): boolean {
    return this.#unconfirmed < this.#replay;
  }

  /** Takes a frame whose messages were all answered, and which the log has: nothing may be left to be replayed. */
  add(frame: OutgoingFrame): void {
    frame.dropListeners();
    frame.keeper = this;
    this.#frames.push(frame);
    this.#replay = this.#frames.length;
    this.#buffer.hold(frame);
  }

  /** Enough replicas hold everything up to `sequence`. */
  confirmThrough(sequence: number, nowMs: number): void {
    while (this.#unconfirmed < this.#replay && this.#frames[this.#unconfirmed]!.last <= sequence) {
      this.#buffer.confirm(this.#frames[this.#unconfirmed++]!, nowMs);
    }
  }

  /** Another history: what was confirmed was so on the one before. */
  unconfirmAll(): void {
    while (this.#unconfirmed > this.#head) this.#buffer.unconfirm(this.#frames[--this.#unconfirmed]!);
  }

  /**
   * The log has nothing above `stored`: what is kept above it is to be replayed. Returns the range of acknowledged
   * sequences that the log has lost and that are not kept, once.
   */
  rewind(stored: number): readonly [first: number, last: number] | undefined {
    let at = this.#replay;
    while (at > this.#head && this.#frames[at - 1]!.last > stored) at--;
    while (at < this.#frames.length && this.#frames[at]!.last <= stored) at++;
    this.#replay = at;
    while (this.#unconfirmed > at) this.#buffer.unconfirm(this.#frames[--this.#unconfirmed]!);
    const frame = this.#frames[at];
    if (frame !== undefined && frame.first <= stored) frame.cutThrough(stored);
    const lostThrough = this.#lettingGoThrough;
    if (lostThrough <= stored) return undefined;
    this.#lettingGoThrough = stored;
    return [stored + 1, lostThrough];
  }

  /** The oldest, a confirmed one, is not kept any longer. */
  evictOldest(): void {
    const frame = this.#frames[this.#head]!;
    this.#lettingGoThrough = frame.last;
    this.#buffer.release(frame);
    this.#head++;
    if (this.#head <= SLACK && this.#head < this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#head);
    this.#unconfirmed -= this.#head;
    this.#replay -= this.#head;
    this.#head = 0;
  }

  /** Lets go of everything: the sequences belong to an identity that is used no more. */
  clear(): void {
    for (let i = this.#head; i < this.#frames.length; i++) this.#buffer.release(this.#frames[i]!);
    this.#frames = [];
    this.#head = 0;
    this.#unconfirmed = 0;
    this.#replay = 0;
    this.#lettingGoThrough = 0;
  }
}
