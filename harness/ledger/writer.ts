import { closeSync, openSync, writeSync } from 'node:fs';
import { KIND, NO_ORDINAL, RECORD_BYTES, type RecordKind } from './record.js';
import { encodeRecord } from './record-codec.js';

const BUFFER_RECORDS = 8192;

/**
 * Appends records to one worker incarnation's ledger file. Records gather in memory and go to the file in one `write(2)`
 * per turn of the event loop; what the kernel has taken survives a SIGKILL.
 *
 * A failed write (full disk) is reported once through `onError`; from then on nothing more is written and `flushed()`
 * never resolves, so that nothing is settled that the ledger does not hold.
 */
export class LedgerWriter {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_RECORDS * RECORD_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  readonly #onError: (error: Error) => void;
  readonly #flushTurn = () => this.#endTurn();
  #bytes = 0;
  #records = 0;
  #scheduled = false;
  #state: 'open' | 'failed' | 'closed' = 'open';
  #turn: PromiseWithResolvers<void> | undefined;

  /** Owns the open file `fd`. */
  constructor(fd: number, onError: (error: Error) => void) {
    this.#fd = fd;
    this.#onError = onError;
  }

  /** Creates `path`, which must not exist. */
  static create(path: string, onError: (error: Error) => void): LedgerWriter {
    return new LedgerWriter(openSync(path, 'ax'), onError);
  }

  /** Adds a record; it is on file after the current turn of the event loop, or after {@link flush}. */
  append(ordinal: number, kind: RecordKind, ns: number, flags = 0, a = 0, b = 0): void {
    if (this.#state !== 'open') return;
    if (this.#bytes === this.#buffer.length) this.flush();
    encodeRecord(this.#view, this.#bytes, ordinal, kind, flags, ns, a, b);
    this.#bytes += RECORD_BYTES;
    this.#records++;
    this.#schedule();
  }

  /** Puts everything appended on file now. False: it is not, and never will be (a failed write, a closed file). */
  flush(): boolean {
    if (this.#state !== 'open') return false;
    try {
      for (let from = 0; from < this.#bytes; ) from += writeSync(this.#fd, this.#buffer, from, this.#bytes - from);
      this.#bytes = 0;
      return true;
    } catch (error) {
      this.#state = 'failed';
      this.#onError(error as Error);
      return false;
    }
  }

  /** Resolves when everything appended so far is on file: one promise for all callers of a turn. */
  flushed(): Promise<void> {
    this.#turn ??= withResolvers();
    this.#schedule();
    return this.#turn.promise;
  }

  /** Ends the file in order: CLOSE with the number of records before it. Twice is safe. */
  close(ns: number): void {
    if (this.#state === 'open') {
      this.append(NO_ORDINAL, KIND.CLOSE, ns, 0, this.#records);
      this.#endTurn();
    }
    if (this.#state !== 'closed') closeSync(this.#fd);
    this.#state = 'closed';
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flushTurn);
  }

  #endTurn(): void {
    this.#scheduled = false;
    if (!this.flush()) return;
    this.#turn?.resolve();
    this.#turn = undefined;
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function withResolvers(): PromiseWithResolvers<void> {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
