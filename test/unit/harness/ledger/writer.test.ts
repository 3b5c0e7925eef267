import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KIND, NO_ORDINAL } from '../../../../harness/ledger/record.js';
import { LedgerWriter } from '../../../../harness/ledger/writer.js';
import { ledgerRecords } from '../../../fixtures/ledger-records.js';

let dir: string;
let path: string;
const unexpected = (error: Error) => {
  throw error;
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-'));
  path = join(dir, 'producer-1.0.ledger');
});
afterEach(() => rmSync(dir, { recursive: true }));

const records = () => ledgerRecords(path);

describe('LedgerWriter', () => {
  it('writes records as given, and CLOSE with their number', () => {
    const writer = LedgerWriter.create(path, unexpected);
    writer.append(7, KIND.START, 123_456_789_012_345, 1, 2, 3);
    writer.append(NO_ORDINAL, KIND.BLOCKED, 2e14);
    writer.close(3e14);
    writer.close(4e14);
    expect(records()).toEqual([
      { ordinal: 7, kind: KIND.START, flags: 1, ns: 123_456_789_012_345, a: 2, b: 3 },
      { ordinal: NO_ORDINAL, kind: KIND.BLOCKED, flags: 0, ns: 2e14, a: 0, b: 0 },
      { ordinal: NO_ORDINAL, kind: KIND.CLOSE, flags: 0, ns: 3e14, a: 2, b: 0 },
    ]);
  });

  it('puts records on file once a turn: nothing before, all of them when flushed() resolves', async () => {
    const writer = LedgerWriter.create(path, unexpected);
    for (let i = 0; i < 100; i++) writer.append(i, KIND.END, i);
    const first = writer.flushed();
    expect(writer.flushed()).toBe(first);
    expect(records()).toHaveLength(0);
    await first;
    expect(records()).toHaveLength(100);
    expect(writer.flushed()).not.toBe(first);
    writer.close(1000);
  });

  it('puts records on file at once when asked', () => {
    const writer = LedgerWriter.create(path, unexpected);
    writer.append(1, KIND.SENT, 1);
    writer.flush();
    expect(records()).toHaveLength(1);
    writer.close(2);
  });

  it('takes more records in a turn than its buffer holds', () => {
    const writer = LedgerWriter.create(path, unexpected);
    for (let i = 0; i < 50_000; i++) writer.append(i, KIND.SENT, i);
    writer.close(50_000);
    const all = records();
    expect(all).toHaveLength(50_001);
    expect(all.every(({ ordinal }, i) => ordinal === i || i === 50_000)).toBe(true);
  });

  it('never overwrites a file', () => {
    LedgerWriter.create(path, unexpected).close(1);
    expect(() => LedgerWriter.create(path, unexpected)).toThrow(/EEXIST/);
  });

  it.runIf(existsSync('/dev/full'))('reports a full disk once, and resolves no promise after it', async () => {
    const errors: Error[] = [];
    const writer = new LedgerWriter(openSync('/dev/full', 'w'), (error) => errors.push(error));
    writer.append(1, KIND.END, 1);
    let resolved = false;
    void writer.flushed().then(() => {
      resolved = true;
    });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    writer.append(2, KIND.END, 2);
    writer.flush();
    writer.close(3);
    expect(errors.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['ENOSPC']);
    expect(resolved).toBe(false);
  });
});
