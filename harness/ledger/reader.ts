import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { Damage } from './check/damage.js';
import type { LedgerFile } from './history.js';
import { KIND, NO_ORDINAL, RECORD_BYTES, ROLE } from './record.js';
import { recordCheck } from './record-codec.js';

const CHUNK_RECORDS = 32_768;

/**
 * Walks through one ledger file record by record, in big reads, and reports what is wrong with it: a torn tail or a
 * missing CLOSE without a SIGKILL, a record that fails its check, time that runs backwards. After a bad record nothing
 * more of the file is believed.
 */
export class LedgerReader implements Disposable {
  readonly file: LedgerFile;
  readonly name: string;
  ordinal = NO_ORDINAL;
  kind = 0;
  flags = 0;
  ns = 0;
  a = 0;
  b = 0;
  /** Records read, OPEN and CLOSE included. */
  records = 0;
  readonly #damage: Damage;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK_RECORDS * RECORD_BYTES);
  readonly #view = new DataView(this.#chunk.buffer);
  #fd: number | undefined;
  #offset = 0;
  #length = 0;
  #closed = false;

  constructor(file: LedgerFile, damage: Damage) {
    this.file = file;
    this.name = basename(file.path);
    this.#damage = damage;
    try {
      this.#fd = openSync(file.path, 'r');
    } catch (error) {
      damage.add(`${this.name}: cannot be read`, (error as Error).message);
    }
    if (this.#fd !== undefined) this.#readOpen();
  }

  /** Moves to the next record, CLOSE excepted; false at the end of the file. */
  next(): boolean {
    while (this.#step()) {
      if (this.kind !== KIND.CLOSE) return true;
      if (this.a !== this.records - 1) {
        this.#damage.add(`${this.name}: CLOSE counts other records`, `${this.a} of ${this.records - 1}`);
      }
      this.#closed = true;
    }
    return false;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #step(): boolean {
    if (this.#offset + RECORD_BYTES > this.#length && !this.#fill()) return false;
    const offset = this.#offset;
    const view = this.#view;
    if (view.getUint16(offset + 6, true) !== recordCheck(view, offset)) return this.#giveUp('a record fails its check');
    if (this.#closed) return this.#giveUp('records after CLOSE');
    const ns = view.getFloat64(offset + 8, true);
    if (!(ns >= this.ns)) return this.#giveUp('time runs backwards');
    this.ordinal = view.getUint32(offset, true);
    this.kind = view.getUint8(offset + 4);
    this.flags = view.getUint8(offset + 5);
    this.ns = ns;
    this.a = view.getUint32(offset + 16, true);
    this.b = view.getUint32(offset + 20, true);
    this.#offset = offset + RECORD_BYTES;
    this.records++;
    return true;
  }

  #fill(): boolean {
    if (this.#fd === undefined) return false;
    let length = this.#chunk.copy(this.#chunk, 0, this.#offset, this.#length);
    for (let read = -1; read !== 0 && length < this.#chunk.length; length += read) {
      read = readSync(this.#fd, this.#chunk, length, this.#chunk.length - length, null);
    }
    this.#offset = 0;
    this.#length = length;
    if (length >= RECORD_BYTES) return true;
    this.#atEnd(length);
    return false;
  }

  #atEnd(tail: number): void {
    if (this.file.killedNs === undefined) {
      if (tail > 0) this.#damage.add(`${this.name}: torn tail without a SIGKILL`, `${tail} bytes`);
      else if (!this.#closed) this.#damage.add(`${this.name}: no CLOSE without a SIGKILL`, `${this.records} records`);
    }
    this[Symbol.dispose]();
  }

  #giveUp(what: string): false {
    this.#damage.add(`${this.name}: ${what}`, `record ${this.records}`);
    this[Symbol.dispose]();
    this.#length = 0;
    this.#offset = 0;
    return false;
  }

  #readOpen(): void {
    const { role, worker, incarnation } = this.file;
    if (!this.#step()) return;
    const matches = this.flags === ROLE[role] && this.a === worker && this.b === incarnation;
    if (this.kind !== KIND.OPEN || !matches) this.#giveUp(`does not begin with the OPEN of ${role}-${worker + 1}`);
  }
}
