import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerFile, RunHistory } from '../../harness/ledger/history.js';
import { KIND, ledgerFileName, NO_ORDINAL, RECORD_BYTES, ROLE } from '../../harness/ledger/record.js';
import { encodeRecord } from '../../harness/ledger/record-codec.js';
import type { LoadPlan } from '../../harness/load/plan.js';

const START_NS = 1e9;
const INTERVAL_NS = 1e5;
const KEYS = 1000;
const CONSUMERS = 2;
const CHUNK_RECORDS = 65_536;

/** A healthy run of so many messages at 10,000/s, 1,000 keys, one producer, two consumers: four records a message. */
export function syntheticHistory(dir: string, count: number): RunHistory {
  const plan = syntheticPlan(count);
  return {
    plan,
    nonce: '0123456789abcdef',
    startNs: START_NS,
    endNs: START_NS + plan.endNs + 10e9,
    files: [fileOf(dir, 'producer', 0), ...Array.from({ length: CONSUMERS }, (_, i) => fileOf(dir, 'consumer', i))],
    inventory: { stable: true, scans: 2, problem: undefined, items: [] },
    consumers: [],
    incidents: [],
    crashes: [],
    faults: [],
    publishDeadlineMs: 5000,
    maxAttempts: 5,
    redeliveryAfterMs: 5000,
  };
}

/** Writes the ledger files of {@link syntheticHistory}; returns the number of records. */
export function writeSyntheticLedger(history: RunHistory): number {
  return history.files.reduce((sum, file) => sum + writeFile(history, file), 0);
}

function writeFile({ plan }: RunHistory, { path, role, worker, incarnation }: LedgerFile): number {
  const fd = openSync(path, 'wx');
  const chunk = Buffer.allocUnsafeSlow(CHUNK_RECORDS * RECORD_BYTES);
  const view = new DataView(chunk.buffer);
  let bytes = 0;
  let records = 0;
  const flush = () => {
    for (let from = 0; from < bytes; ) from += writeSync(fd, chunk, from, bytes - from);
    bytes = 0;
  };
  const append = (ordinal: number, kind: number, ns: number, flags = 0, a = 0, b = 0) => {
    if (bytes === chunk.length) flush();
    encodeRecord(view, bytes, ordinal, kind, flags, ns, a, b);
    bytes += RECORD_BYTES;
    records++;
  };
  append(NO_ORDINAL, KIND.OPEN, 0, ROLE[role], worker, incarnation);
  let lastNs = 0;
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    const key = plan.key[ordinal]!;
    if (role === 'consumer' && key % CONSUMERS !== worker) continue;
    const dueNs = START_NS + plan.intendedNs[ordinal]!;
    const [first, second] = role === 'producer' ? [KIND.SENT, KIND.ACCEPTED] : [KIND.START, KIND.END];
    const beginNs = role === 'producer' ? dueNs : dueNs + 2e6;
    append(ordinal, first, beginNs, 0, key % 16, 1);
    lastNs = beginNs + INTERVAL_NS / 2;
    append(ordinal, second, lastNs, 0, key % 16, 1);
  }
  append(NO_ORDINAL, KIND.CLOSE, lastNs, 0, records);
  flush();
  closeSync(fd);
  return records;
}

function syntheticPlan(count: number): LoadPlan {
  const plan = {
    count,
    intendedNs: new Float64Array(count),
    phase: new Uint8Array(count),
    key: new Uint32Array(count),
    producer: new Uint8Array(count),
    priority: new Uint8Array(count),
    poison: new Uint8Array(count),
    endNs: count * INTERVAL_NS,
  };
  for (let i = 0; i < count; i++) {
    plan.intendedNs[i] = i * INTERVAL_NS;
    plan.key[i] = (Math.imul(i, 0x9e3779b1) >>> 8) % KEYS;
  }
  const phase = { name: 'steady', measure: true, startNs: 0, endNs: plan.endNs, first: 0, end: count };
  return { ...plan, phases: [phase] };
}

function fileOf(dir: string, role: LedgerFile['role'], worker: number): LedgerFile {
  return { path: join(dir, ledgerFileName(role, worker, 0)), role, worker, incarnation: 0, killedNs: undefined };
}
