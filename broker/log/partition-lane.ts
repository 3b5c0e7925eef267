import { BrokerError } from '../broker-error.js';
import type { BufferPool } from './buffer-pool.js';
import { encodeMessage } from './frame-codec.js';
import type { OutgoingMessage } from './message.js';
import { type OnPublishOutcome, OutgoingFrame, type PublishOutcome } from './outgoing-frame.js';
import type { PublishReply } from './publish-script.js';

export interface LaneOptions {
  readonly pool: BufferPool;
  readonly maxFrameBytes: number;
  readonly maxFrameMessages: number;
  /** Room before the frame in its buffer, for the command's header. */
  readonly headRoomBytes: number;
  /** An idle lane takes a new producer id after this long: rows of idle producers are removed. */
  readonly idleIdMs: number;
  readonly accepted: PublishOutcome;
  newProducerId(): string;
  onLoss(firstSequence: number, lastSequence: number): void;
}

const TAIL_BYTES = 2;

/**
 * The queue of one partition in a producer: at most one frame in flight, everything published meanwhile gathers behind
 * it. A pure state machine: it never sends; {@link take} says what to send, the other methods tell it what happened.
 *
 * A frame once sent keeps its messages and sequences until the log has them, or every message in it was answered
 * (deadline): then it is given up and never sent again.
 */
export class PartitionLane {
  readonly #options: LaneOptions;
  /** Closed frames, and last the one that still takes messages. */
  readonly #queue: OutgoingFrame[] = [];
  #inFlight: OutgoingFrame | undefined;
  #producerId: string;
  /** Highest sequence that was given to a message, that was sent, and that the log is known to have. */
  #assigned = 0;
  #sent = 0;
  #stored = 0;
  #lastSendMs = Number.NEGATIVE_INFINITY;
  /** Bytes of messages that the lane holds. */
  bufferedBytes = 0;
  #freedBytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#producerId = options.newProducerId();
  }

  get producerId(): string {
    return this.#producerId;
  }

  /** What the log is known to have: the frame in flight follows it. */
  get stored(): number {
    return this.#stored;
  }

  get isIdle(): boolean {
    return this.#inFlight === undefined && this.#queue.length === 0;
  }

  get hasFrameInFlight(): boolean {
    return this.#inFlight !== undefined;
  }

  get inFlight(): OutgoingFrame | undefined {
    return this.#inFlight;
  }

  /**
   * Bytes that left since the last call. Differences of {@link bufferedBytes} do not tell: whoever learns an outcome
   * may publish into the lane at once.
   */
  takeFreedBytes(): number {
    const freed = this.#freedBytes;
    this.#freedBytes = 0;
    return freed;
  }

  append(
    id: string,
    message: OutgoingMessage,
    size: number,
    wallMs: number,
    deadlineMs: number,
    index: number,
    onOutcome: OnPublishOutcome,
  ): void {
    const frame = this.#frameFor(size);
    const end = encodeMessage(frame.buffer, frame.end, size, id, message, wallMs);
    this.#assigned++;
    frame.append(end, deadlineMs, index, onOutcome);
    this.bufferedBytes += size;
  }

  /** The next frame to send, if none is in flight. It is in flight from here on. */
  take(nowMs: number): OutgoingFrame | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const frame = this.#queue.shift();
    if (frame === undefined) return undefined;
    if (nowMs - this.#lastSendMs > this.#options.idleIdMs) this.#renewId();
    this.#lastSendMs = nowMs;
    this.#inFlight = frame;
    this.#sent = Math.max(this.#sent, frame.last);
    return frame;
  }

  /**
   * Takes the log's answer about `frame`. `done`: the lane is free for the next. `resend`: what is left of the frame
   * has to be sent again. An answer about a frame that is no longer in flight is ignored.
   */
  onReply(frame: OutgoingFrame, reply: PublishReply): 'done' | 'resend' {
    if (frame !== this.#inFlight) return 'done';
    if (reply.outcome !== 'mismatch') {
      this.#stored = frame.last;
      frame.answerAll(this.#options.accepted);
      this.#finish(frame, true);
      return 'done';
    }
    const { stored } = reply;
    if (stored > this.#sent) {
      this.#renewId();
      const error = new BrokerError('duplicate-producer', `partition has sequence ${stored}, sent were ${this.#sent}`);
      frame.answerAll({ kind: 'rejected', error });
      this.#finish(frame, true);
      return 'done';
    }
    if (stored < this.#stored) this.#options.onLoss(stored + 1, this.#stored);
    this.#stored = stored;
    if (stored >= frame.first) {
      frame.answerThrough(stored, this.#options.accepted);
      this.#cut(frame, stored);
    }
    return 'resend';
  }

  /** The log refused `frame` for good. */
  onRefused(frame: OutgoingFrame, error: BrokerError): void {
    if (frame !== this.#inFlight) return;
    frame.answerAll({ kind: 'rejected', error });
    this.#finish(frame, true);
  }

  /** Answers every message whose deadline has passed: `indeterminate` where it was sent, else `rejected`. */
  expire(nowMs: number): void {
    const sent = this.#inFlight;
    if (sent !== undefined && sent.deadlineMs <= nowMs) {
      while (sent.deadlineMs <= nowMs) sent.answerNext(INDETERMINATE);
      if (sent.isAnswered) this.#finish(sent, false);
    }
    while (this.#queue.length > 0 && this.#queue[0]!.deadlineMs <= nowMs) {
      const frame = this.#queue[0]!;
      let cut = 0;
      while (frame.deadlineMs <= nowMs) {
        frame.answerNext(EXPIRED);
        cut++;
      }
      if (!frame.isAnswered) {
        this.#cut(frame, frame.first + cut - 1);
        break;
      }
      this.#queue.shift();
      this.#free(frame.bytes);
      this.#options.pool.release(frame.buffer);
    }
  }

  /** The buffer of a frame that was given up stays away from the pool: its bytes may still be on their way out. */
  #finish(frame: OutgoingFrame, reuseBuffer: boolean): void {
    this.#inFlight = undefined;
    this.#free(frame.bytes);
    if (reuseBuffer) this.#options.pool.release(frame.buffer);
  }

  #cut(frame: OutgoingFrame, throughSequence: number): void {
    const before = frame.bytes;
    frame.cutThrough(throughSequence);
    this.#free(before - frame.bytes);
  }

  #free(bytes: number): void {
    this.bufferedBytes -= bytes;
    this.#freedBytes += bytes;
  }

  #renewId(): void {
    this.#producerId = this.#options.newProducerId();
    this.#stored = 0;
  }

  #frameFor(size: number): OutgoingFrame {
    const { pool, maxFrameBytes, maxFrameMessages, headRoomBytes } = this.#options;
    const open = this.#queue.at(-1);
    const fits = open !== undefined && open.count < maxFrameMessages && open.bytes + size <= maxFrameBytes;
    if (!fits) {
      const frame = new OutgoingFrame(pool.take(headRoomBytes + size + TAIL_BYTES), headRoomBytes, this.#assigned + 1);
      this.#queue.push(frame);
      return frame;
    }
    const needed = open.end + size + TAIL_BYTES;
    if (needed > open.buffer.length) {
      const larger = pool.take(needed);
      open.buffer.copy(larger, 0, 0, open.end);
      pool.release(open.buffer);
      open.buffer = larger;
    }
    return open;
  }
}

const INDETERMINATE: PublishOutcome = {
  kind: 'indeterminate',
  error: new BrokerError('indeterminate', 'no answer by the deadline: the message may be stored, or not'),
};

const EXPIRED: PublishOutcome = {
  kind: 'rejected',
  error: new BrokerError('expired', 'the deadline passed before the message could be sent: it is not stored'),
};
