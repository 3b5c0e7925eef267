import { appendFileSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkRun } from '../../../../harness/ledger/checker.js';
import type { LedgerFile, RunHistory } from '../../../../harness/ledger/history.js';
import { KIND, NO_ORDINAL, RECORD_BYTES } from '../../../../harness/ledger/record.js';
import { encodeRecord } from '../../../../harness/ledger/record-codec.js';
import { buildHistory, type HistorySpec, START_NS } from '../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

function build(spec: Partial<HistorySpec> = {}): RunHistory {
  return buildHistory({ dir: folder(), plan: constantPlan(), ...spec });
}

function fileOf(history: RunHistory, name: string): LedgerFile {
  return history.files.find(({ path }) => path.endsWith(name)) as LedgerFile;
}

function cut(file: LedgerFile, bytes: number): void {
  truncateSync(file.path, readFileSync(file.path).length - bytes);
}

function append(file: LedgerFile, ordinal: number, kind: number, ms: number, a = 0, b = 0): void {
  const bytes = Buffer.alloc(RECORD_BYTES);
  encodeRecord(
    new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES),
    0,
    ordinal,
    kind,
    0,
    START_NS + ms * 1e6,
    a,
    b,
  );
  appendFileSync(file.path, bytes);
}

describe('damage to the ledger', () => {
  it('is none in a healthy run, also when a SIGKILL tears the tail', () => {
    expect(checkRun(build()).damage).toEqual([]);
    const killed = build({ killed: { 'consumer-0.0': 500 } });
    cut(fileOf(killed, 'consumer-1.0.ledger'), 7);
    const run = checkRun(killed);
    expect(run.damage).toEqual([]);
    expect(run.successes.reduce((sum, count) => sum + count, 0)).toBe(99);
  });

  it('is a torn tail, or a missing CLOSE, without a SIGKILL', () => {
    const torn = build();
    cut(fileOf(torn, 'consumer-1.0.ledger'), RECORD_BYTES + 7);
    expect(checkRun(torn).damage).toEqual(['consumer-1.0.ledger: torn tail without a SIGKILL (17 bytes)']);
    const open = build();
    cut(fileOf(open, 'producer-1.0.ledger'), RECORD_BYTES);
    expect(checkRun(open).damage).toEqual(['producer-1.0.ledger: no CLOSE without a SIGKILL (201 records)']);
  });

  it('is a missing or empty file', () => {
    const missing = build();
    unlinkSync(fileOf(missing, 'consumer-2.0.ledger').path);
    expect(checkRun(missing).damage[0]).toMatch(/^consumer-2\.0\.ledger: cannot be read \(ENOENT/);
    const empty = build();
    writeFileSync(fileOf(empty, 'consumer-2.0.ledger').path, '');
    expect(checkRun(empty).damage).toEqual(['consumer-2.0.ledger: no CLOSE without a SIGKILL (0 records)']);
  });

  it('is one flipped bit anywhere, and a hole of zeroes', () => {
    for (const [at, bit] of [
      [5 * RECORD_BYTES, 0],
      [5 * RECORD_BYTES + 4, 1],
      [5 * RECORD_BYTES + 7, 7],
      [5 * RECORD_BYTES + 13, 3],
      [5 * RECORD_BYTES + 23, 6],
    ] as const) {
      const history = build();
      const { path } = fileOf(history, 'consumer-1.0.ledger');
      const bytes = readFileSync(path);
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      writeFileSync(path, bytes);
      expect(checkRun(history).damage).toContain('consumer-1.0.ledger: a record fails its check (record 5)');
    }
    const hole = build();
    const { path } = fileOf(hole, 'producer-1.0.ledger');
    writeFileSync(path, readFileSync(path).fill(0, 10 * RECORD_BYTES, 11 * RECORD_BYTES));
    expect(checkRun(hole).damage).toContain('producer-1.0.ledger: a record fails its check (record 10)');
  });

  it("is another worker's file, a wrong count at the end, and records after it", () => {
    const swapped = build();
    const [one, two] = [fileOf(swapped, 'consumer-1.0.ledger'), fileOf(swapped, 'consumer-2.0.ledger')];
    const files = swapped.files.map((file) => (file === one ? { ...file, path: two.path } : file));
    expect(checkRun({ ...swapped, files }).damage).toContain(
      'consumer-2.0.ledger: does not begin with the OPEN of consumer-1 (record 1)',
    );
    const late = build();
    append(fileOf(late, 'consumer-1.0.ledger'), 1, KIND.START, 900);
    expect(checkRun(late).damage).toEqual(['consumer-1.0.ledger: records after CLOSE (record 102)']);
    const miscounted = build();
    const file = fileOf(miscounted, 'consumer-1.0.ledger');
    cut(file, RECORD_BYTES);
    append(file, NO_ORDINAL, KIND.CLOSE, 900, 5);
    expect(checkRun(miscounted).damage).toEqual(['consumer-1.0.ledger: CLOSE counts other records (5 of 101)']);
  });

  it('is time that runs backwards, and a START before its SENT', () => {
    const back = build({ killed: { 'consumer-0.0': 500 } });
    append(fileOf(back, 'consumer-1.0.ledger'), 1, KIND.START, 1);
    expect(checkRun(back).damage).toEqual(['consumer-1.0.ledger: time runs backwards (record 101)']);
    const early = build({
      story: (ordinal, healthy) =>
        ordinal === 50 ? { ...healthy, handlings: [{ consumer: '0.0', startMs: 49, endMs: 51 }] } : healthy,
    });
    expect(checkRun(early).damage).toEqual(['START before SENT (ordinal 50 in consumer-1.0.ledger)']);
  });

  it('is a producer that sends twice or out of order', () => {
    const history = build({ killed: { 'producer-0.0': 500 } });
    append(fileOf(history, 'producer-1.0.ledger'), 7, KIND.SENT, 400);
    expect(checkRun(history).damage).toEqual(['a message was sent twice (ordinal 7)']);
    const disordered = build({
      story: (ordinal, healthy) => (ordinal === 7 ? { sentMs: 8.5, outcomes: [{ kind: 'accepted', ms: 9 }] } : healthy),
    });
    expect(checkRun(disordered).damage).toEqual(["producer-1.0.ledger: not sent in the plan's order (ordinal 7)"]);
  });

  it('is an END without a START, an outcome without a SENT, an ordinal beyond the plan and an unknown kind', () => {
    const killed = { 'consumer-0.0': 500, 'producer-0.0': 500 };
    const history = build({ killed, story: (ordinal, healthy) => (ordinal === 99 ? {} : healthy) });
    const consumer = fileOf(history, 'consumer-1.0.ledger');
    append(consumer, 1, KIND.END, 400);
    append(consumer, 100, KIND.START, 400);
    append(consumer, 1, 77, 400);
    const producer = fileOf(history, 'producer-1.0.ledger');
    append(producer, 99, KIND.ACCEPTED, 400);
    append(producer, 100, KIND.ACCEPTED, 400);
    append(producer, 1, KIND.START, 400);
    expect(checkRun(history).damage).toEqual([
      'producer-1.0.ledger: outcome of a message that was not sent (ordinal 99)',
      'producer-1.0.ledger: record of a message that is not in the plan (100)',
      'producer-1.0.ledger: record of an unknown kind (6)',
      'END without START (ordinal 1 in consumer-1.0.ledger)',
      'consumer-1.0.ledger: record of a message that is not in the plan (100)',
      'consumer-1.0.ledger: record of an unknown kind (77)',
    ]);
  });
});
