import type { BufferPool } from './buffer-pool.js';
import { EXPIRED } from './deadline-outcomes.js';
import { encodeMessage } from './frame-codec.js';
import type { OutgoingMessage } from './message.js';
import { type OnPublishOutcome, OutgoingFrame } from './outgoing-frame.js';

export interface SendQueueOptions {
  readonly pool: BufferPool;
  readonly maxFrameBytes: number;
  readonly maxFrameMessages: number;
  /** Room before the frame in its buffer, for the command's header. */
  readonly headRoomBytes: number;
}

/** Bytes that follow a frame in its command. */
export const TAIL_BYTES = 2;

/** Messages that were not sent yet, in frames: closed ones, and last the one that still takes messages. */
export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #frames: OutgoingFrame[] = [];
  /** Highest sequence that was given to a message. */
  #assigned = 0;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  shift(): OutgoingFrame | undefined {
    return this.#frames.shift();
  }

  /** Encodes the message; `size` is its encoded size. */
  append(
    id: string,
    message: OutgoingMessage,
    size: number,
    wallMs: number,
    deadlineMs: number,
    index: number,
    onOutcome: OnPublishOutcome,
    dedupeHash: Buffer | undefined,
  ): void {
    const frame = this.#frameFor(size);
    const end = encodeMessage(frame.buffer, frame.end, size, id, message, wallMs);
    this.#assigned++;
    frame.append(end, deadlineMs, index, onOutcome, dedupeHash);
  }

  /** Answers every message whose deadline has passed. Returns the bytes that left. */
  expire(nowMs: number): number {
    let freed = 0;
    while (this.#frames.length > 0 && this.#frames[0]!.deadlineMs <= nowMs) {
      const frame = this.#frames[0]!;
      while (frame.deadlineMs <= nowMs) frame.answerNext(EXPIRED);
      if (!frame.isAnswered) {
        // Counted from here: whoever learnt an outcome may have put more into the frame.
        const before = frame.bytes;
        frame.cutAnswered();
        return freed + before - frame.bytes;
      }
      freed += frame.bytes;
      this.#frames.shift();
      this.#options.pool.release(frame.buffer);
    }
    return freed;
  }

  #frameFor(size: number): OutgoingFrame {
    const { pool, maxFrameBytes, maxFrameMessages, headRoomBytes } = this.#options;
    const open = this.#frames.at(-1);
    const fits = open !== undefined && open.count < maxFrameMessages && open.bytes + size <= maxFrameBytes;
    if (!fits) {
      const frame = new OutgoingFrame(pool.take(headRoomBytes + size + TAIL_BYTES), headRoomBytes, this.#assigned + 1);
      this.#frames.push(frame);
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
