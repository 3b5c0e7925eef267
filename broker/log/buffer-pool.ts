const SMALLEST_BYTES = 1024;

/**
 * Buffers for frames, in powers of two from 1 KiB. A frame's buffer comes back when its messages are acknowledged:
 * without reuse, garbage collection of short-lived buffers makes most of the p99 at 10,000 messages a second.
 */
export class BufferPool {
  readonly #free: Buffer[][] = [];
  readonly #keepBytes: number;
  #keptBytes = 0;

  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  /** A buffer of at least `size` bytes with arbitrary content. */
  take(size: number): Buffer {
    const index = classOf(size);
    const buffer = this.#free[index]?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(SMALLEST_BYTES * 2 ** index);
    this.#keptBytes -= buffer.length;
    return buffer;
  }

  /** Gives a buffer of {@link take} back. Nobody may read or write it from here on. */
  release(buffer: Buffer): void {
    if (this.#keptBytes + buffer.length > this.#keepBytes) return;
    this.#keptBytes += buffer.length;
    const index = classOf(buffer.length);
    let list = this.#free[index];
    if (list === undefined) {
      list = [];
      this.#free[index] = list;
    }
    list.push(buffer);
  }
}

function classOf(size: number): number {
  let index = 0;
  for (let bytes = SMALLEST_BYTES; bytes < size; bytes *= 2) index++;
  return index;
}
