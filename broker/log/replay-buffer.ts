import type { BufferPool } from './buffer-pool.js';
import type { OutgoingFrame } from './outgoing-frame.js';

/** How old the confirmed tail may be: longer than a restart and a failover of a usual length. */
const TAIL_MS = 30_000;
const SLACK = 1024;

/**
 * Counts what all lanes of a producer keep for a replay, in bytes of memory (a frame's whole buffer). What replicas have
 * not confirmed is never discarded; when it fills the buffer, publishing is held back. What they have confirmed is kept as
 * a tail while there is room: a log can lose that too, if more nodes are lost than confirmed it, or where nobody had to.
 */
export class ReplayBuffer {
  readonly #pool: BufferPool;
  readonly #maxBytes: number;
  /** In the order of confirmation. A list with a head and not a Set: docs/adr/0003. */
  #tail: OutgoingFrame[] = [];
  #head = 0;
  #unconfirmedBytes = 0;
  #tailBytes = 0;

  constructor(pool: BufferPool, maxBytes: number) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#unconfirmedBytes >= this.#maxBytes;
  }

  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  hold(frame: OutgoingFrame): void {
    this.#unconfirmedBytes += frame.buffer.length;
  }

  confirm(frame: OutgoingFrame, nowMs: number): void {
    this.#unconfirmedBytes -= frame.buffer.length;
    this.#tailBytes += frame.buffer.length;
    frame.confirmedAtMs = nowMs;
    this.#tail.push(frame);
  }

  /** On another history nothing is known to be confirmed. Its place in the tail's list is skipped when it comes up. */
  unconfirm(frame: OutgoingFrame): void {
    this.#tailBytes -= frame.buffer.length;
    this.#unconfirmedBytes += frame.buffer.length;
    frame.confirmedAtMs = undefined;
  }

  /** The frame leaves its keeper. */
  release(frame: OutgoingFrame): void {
    if (frame.confirmedAtMs === undefined) this.#unconfirmedBytes -= frame.buffer.length;
    else this.#tailBytes -= frame.buffer.length;
    frame.confirmedAtMs = undefined;
    this.#pool.release(frame.buffer);
  }

  /** Lets go of the oldest of the tail while it is too large or too old. */
  trim(nowMs: number): void {
    const roomBytes = this.#maxBytes - this.#unconfirmedBytes;
    const tail = this.#tail;
    while (this.#head < tail.length) {
      const frame = tail[this.#head]!;
      const { confirmedAtMs } = frame;
      if (confirmedAtMs !== undefined) {
        if (this.#tailBytes <= roomBytes && nowMs - confirmedAtMs < TAIL_MS) break;
        frame.keeper!.evictOldest();
      }
      this.#head++;
    }
    if (this.#head === tail.length) {
      tail.length = 0;
      this.#head = 0;
    } else if (this.#head > SLACK) {
      tail.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
