import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import { identifyProcess } from '../../../../harness/environment/process-identity.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import { END_FAILED, KIND } from '../../../../harness/ledger/record.js';
import { planLoad } from '../../../../harness/load/plan.js';
import { WorkerProcess } from '../../../../harness/load/worker-process.js';
import { ledgerRecords } from '../../../fixtures/ledger-records.js';
import { constant, phase } from '../../../fixtures/load-scenario.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';
import { MOODY, openWorkerBed } from '../../../fixtures/worker-bed.js';

const folder = temporaryFolders();
const soonNs = () => systemClock.nowNs() + 100e6;

async function until(what: () => boolean): Promise<void> {
  const seen = await waitFor(() => what() || undefined, { clock: systemClock, deadlineMs: 60_000 });
  if (!seen) throw new Error(`never so: ${what}`);
}

function kinds(worker: WorkerProcess, incarnation = 0): number[] {
  return ledgerRecords(worker.ledgerFiles()[incarnation]!.path).map(({ kind }) => kind);
}

describe('a producer process', () => {
  it('sends its plan, accounts for it, and leaves nothing behind', async () => {
    await using bed = openWorkerBed(folder());
    const producer = bed.worker('producer');
    await producer.start();
    expect(bed.pids).toEqual(new Set([producer.pid]));
    expect(producer.driver).toMatchObject({ name: 'null' });
    const startNs = soonNs();
    producer.begin(startNs);
    expect(await producer.stop()).toMatchObject({ reason: 'finished', worker: 'producer-1', incarnation: 0, code: 0 });
    const records = ledgerRecords(producer.ledgerFiles()[0]!.path);
    expect(records[0]).toMatchObject({ kind: KIND.OPEN, a: 0, b: 0 });
    expect(records.at(-1)).toMatchObject({ kind: KIND.CLOSE, a: 2001 });
    const plan = planLoad(bed.context.scenario);
    const sent = records.filter(({ kind }) => kind === KIND.SENT);
    expect(sent.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(sent.every(({ ordinal, ns }) => ns >= startNs + plan.intendedNs[ordinal]!)).toBe(true);
    expect(records.filter(({ kind }) => kind === KIND.ACCEPTED)).toHaveLength(1000);
    expect(producer.incarnations[0]?.lag?.maxMs).toBeGreaterThan(0);
    expect(bed.pids.size).toBe(0);
    expect(producer.running).toBe(false);
  });

  it('continues after a kill with what is due from then on', async () => {
    await using bed = openWorkerBed(folder(), { phases: [phase(constant(500), 6000)] });
    const producer = bed.worker('producer');
    await producer.start();
    const startNs = soonNs();
    producer.begin(startNs);
    await until(() => (producer.incarnations[0]?.stats?.producer?.sent ?? 0) > 100);
    producer.signal('SIGKILL');
    await producer.exited();
    expect(bed.ends[0]).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    await producer.start();
    const readyNs = producer.incarnations[1]!.readyNs!;
    expect(await producer.stop()).toMatchObject({ reason: 'finished', incarnation: 1 });
    const plan = planLoad(bed.context.scenario);
    const [before, after] = producer.ledgerFiles().map(({ path }) =>
      ledgerRecords(path)
        .filter(({ kind }) => kind === KIND.SENT)
        .map(({ ordinal }) => ordinal),
    );
    const resumed = plan.intendedNs.findIndex((ns) => startNs + ns >= readyNs);
    expect(resumed).toBeGreaterThan(before!.length);
    expect(after).toEqual(Array.from({ length: plan.count - resumed }, (_, i) => resumed + i));
    const killedNs = producer.ledgerFiles()[0]!.killedNs;
    expect(producer.incidents(9e18)).toEqual([
      { role: 'producer', worker: 0, incarnation: 0, kind: 'killed', fromNs: killedNs, untilNs: readyNs },
    ]);
  });

  it('is stopped by SIGTERM in order, which the checker is told, unlike its end after the plan', async () => {
    await using bed = openWorkerBed(folder(), { phases: [phase(constant(500), 4000)] });
    const producer = bed.worker('producer');
    await producer.start();
    producer.begin(soonNs());
    await until(() => (producer.incarnations[0]?.stats?.producer?.sent ?? 0) > 100);
    producer.signal('SIGTERM');
    await producer.start();
    expect(await producer.stop()).toMatchObject({ reason: 'finished', incarnation: 1 });
    const readyNs = producer.incarnations[1]!.readyNs!;
    expect(producer.incidents(9e18)).toMatchObject([{ kind: 'stopped', incarnation: 0, untilNs: readyNs }]);
    expect(producer.ledgerFiles().map(({ killedNs }) => killedNs)).toEqual([undefined, undefined]);
    expect(kinds(producer).at(-1)).toBe(KIND.CLOSE);
  });

  it('ends when asked to before the load has begun', async () => {
    await using bed = openWorkerBed(folder());
    const producer = bed.worker('producer');
    await producer.start();
    expect(await producer.stop()).toMatchObject({ reason: 'finished' });
  });

  it('leaves without a driver that does not close', async () => {
    const options = { mood: 'producer:never-close' };
    await using bed = openWorkerBed(folder(), { driver: MOODY, options, phases: [phase(constant(10), 100)] });
    const producer = bed.worker('producer');
    await producer.start();
    producer.begin(soonNs());
    const end = await producer.stop();
    expect(end).toMatchObject({ reason: 'not-closed', detail: expect.stringMatching(/did not close within 10 s/) });
    expect(kinds(producer).at(-1)).toBe(KIND.CLOSE);
  });
});

describe('a consumer process', () => {
  it('handles until it is stopped, and closes its ledger', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, handler: { timeMs: 1, failShare: 0 } });
    const consumer = bed.worker('consumer');
    await consumer.start();
    consumer.begin(soonNs());
    await until(() => (consumer.incarnations[0]?.stats?.consumer?.done ?? 0) > 100);
    expect(await consumer.stop()).toMatchObject({ reason: 'finished' });
    const records = ledgerRecords(consumer.ledgerFiles()[0]!.path);
    const started = records.filter(({ kind }) => kind === KIND.START).length;
    expect(records.filter(({ kind, flags }) => kind === KIND.END && flags !== END_FAILED)).toHaveLength(started);
    expect(records.at(-1)).toMatchObject({ kind: KIND.CLOSE, a: records.length - 1 });
    expect(consumer.incarnations[0]?.stats?.consumer).toMatchObject({ done: started, inHand: 0 });
  });

  it('has the handler that the scenario gives to it and not to its peers', async () => {
    const except = { 'consumer-1': { handler: { timeMs: 200, cpuMs: 0, failShare: 0 } } };
    await using bed = openWorkerBed(folder(), { driver: MOODY, except });
    const consumer = bed.worker('consumer');
    await consumer.start();
    await until(() => (consumer.incarnations[0]?.stats?.consumer?.done ?? 0) > 0);
    await consumer.stop();
    const records = ledgerRecords(consumer.ledgerFiles()[0]!.path);
    const start = records.find(({ kind }) => kind === KIND.START)!;
    const end = records.find(({ kind, ordinal }) => kind === KIND.END && ordinal === start.ordinal)!;
    expect(end.ns - start.ns).toBeGreaterThanOrEqual(200e6);
  });

  it('is as many members of the group as the scenario says, and one for the drain', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, members: 3, handler: { timeMs: 1 } });
    const membersOf = async (worker: WorkerProcess) => {
      await worker.start();
      worker.begin(soonNs());
      await until(() => (worker.incarnations[0]?.stats?.consumer?.done ?? 0) > 300);
      expect(await worker.stop()).toMatchObject({ reason: 'finished' });
      const starts = ledgerRecords(worker.ledgerFiles()[0]!.path).filter(({ kind }) => kind === KIND.START);
      return [...new Set(starts.map(({ flags }) => flags))].toSorted();
    };
    expect(await membersOf(bed.worker('consumer'))).toEqual([0, 1, 2]);
    await using fresh = new WorkerProcess(bed.context, { role: 'consumer', index: 1, count: 1, fresh: true });
    expect(await membersOf(fresh)).toEqual([0]);
  });

  it('has every settled message on file when it is killed, time after time', async () => {
    const dir = folder();
    const settledPath = join(dir, 'settled');
    await using bed = openWorkerBed(dir, { driver: MOODY, options: { settledPath } });
    const consumer = bed.worker('consumer');
    const settled = () => (existsSync(settledPath) ? readFileSync(settledPath, 'utf8').trimEnd().split('\n') : []);
    const kills = 4;
    for (let life = 0; life < kills; life++) {
      const before = settled().length;
      await consumer.start();
      await until(() => settled().length > before + 300);
      consumer.signal('SIGKILL');
      await consumer.exited();
    }
    const ended = new Map<number, number>();
    const files = consumer.ledgerFiles();
    expect(files).toHaveLength(kills);
    for (const { path, killedNs } of files) {
      expect(killedNs).toBeGreaterThan(0);
      for (const { kind, ordinal } of ledgerRecords(path)) {
        if (kind === KIND.END) ended.set(ordinal, (ended.get(ordinal) ?? 0) + 1);
      }
    }
    const counts = new Map<number, number>();
    for (const line of settled()) counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
    for (const [ordinal, count] of counts) expect(ended.get(ordinal) ?? 0).toBeGreaterThanOrEqual(count);
    expect(consumer.incidents(9e18).map(({ kind }) => kind)).toEqual(Array(kills).fill('killed'));
  });

  it('is paused and resumed, and stopped while it is paused', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const consumer = bed.worker('consumer');
    await consumer.start();
    consumer.signal('SIGSTOP');
    consumer.signal('SIGCONT');
    consumer.signal('SIGSTOP');
    expect(await consumer.stop()).toMatchObject({ reason: 'finished' });
    const incidents = consumer.incidents(9e18);
    expect(incidents.map(({ kind }) => kind)).toEqual(['paused', 'paused']);
    expect(incidents.every(({ fromNs, untilNs }) => fromNs < untilNs && untilNs < 9e18)).toBe(true);
  });

  it('is stalled and goes on, time after time, handles nothing meanwhile, and is stopped while it is stalled', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const consumer = bed.worker('consumer');
    await consumer.start();
    consumer.begin(soonNs());
    const handledBytes = () => statSync(consumer.ledgerFiles()[0]!.path).size;
    /** It handles without a pause: a file that does not grow while a question stays unanswered is that of a stalled one. */
    const standStill = async () => {
      for (let before = Number.NaN, now = handledBytes(); now !== before; now = handledBytes()) {
        before = now;
        expect(await consumer.ping(500)).toBeUndefined();
      }
      return handledBytes();
    };
    await until(() => handledBytes() > 0);
    expect(await consumer.ping(60_000)).toBeGreaterThan(0);
    for (let i = 0; i < 2; i++) {
      consumer.stall();
      consumer.stall();
      const before = await standStill();
      consumer.resume();
      consumer.resume();
      expect(await consumer.ping(60_000)).toBeGreaterThan(0);
      await until(() => handledBytes() > before);
    }
    consumer.stall();
    await standStill();
    expect(await consumer.stop()).toMatchObject({ reason: 'finished' });
    const incidents = consumer.incidents(9e18);
    expect(incidents.map(({ kind }) => kind)).toEqual(['paused', 'paused', 'paused']);
    expect(incidents.every(({ fromNs, untilNs }) => fromNs < untilNs && untilNs < 9e18)).toBe(true);
  });

  it.each([
    ['throws where nobody catches it', 'throw-later', /lost its mind/],
    ['leaves a rejection to nobody', 'reject-later', /nobody awaits this/],
    ['exits', 'exit', /exit code 0 before it had finished/],
    ['aborts', 'abort', /SIGABRT/],
    ['stops consuming by itself', 'return', /consume\(\) of driver moody ended though nobody asked it to/],
  ])('is reported as crashed when its driver %s', async (_, mood, detail) => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, options: { mood: `consumer:${mood}` } });
    const consumer = bed.worker('consumer');
    await consumer.start().catch(() => {});
    await consumer.exited();
    expect(bed.ends).toMatchObject([{ reason: 'crashed', detail: expect.stringMatching(detail) }]);
    expect(consumer.incidents(9e18)).toEqual([]);
    if (mood === 'throw-later') {
      expect(kinds(consumer).at(-1)).toBe(KIND.CLOSE);
      expect(readFileSync(join(bed.context.logDir, 'consumer-1.log'), 'utf8')).toMatch(
        /about to fail.*lost its mind.*moody/s,
      );
    }
  });

  it('is deaf, and killed, when its driver blocks the event loop for good', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, options: { mood: 'consumer:spin' } });
    const consumer = bed.worker('consumer');
    await consumer.start();
    consumer.begin(soonNs());
    await consumer.exited();
    expect(bed.ends).toMatchObject([{ reason: 'deaf' }]);
  });

  it('runs as the fresh one of the drain: alone to the driver, after the last to the ledger', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    await using consumer = new WorkerProcess(bed.context, { role: 'consumer', index: 2, count: 1, fresh: true });
    await consumer.start();
    await consumer.stop();
    const [file] = consumer.ledgerFiles();
    expect(file).toMatchObject({ role: 'consumer', worker: 2, incarnation: 0 });
    expect(file?.path).toMatch(/consumer-3.0.ledger$/);
    expect(ledgerRecords(file!.path)[0]).toMatchObject({ kind: KIND.OPEN, a: 2, b: 0 });
    expect(readFileSync(join(bed.context.logDir, 'consumer-3.log'), 'utf8')).toMatch(/worker 0 of 1/);
  });

  it('says when somebody else ended it', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const consumer = bed.worker('consumer');
    await consumer.start();
    process.kill(consumer.pid!, 'SIGKILL');
    await consumer.exited();
    expect(bed.ends).toMatchObject([{ reason: 'outside', signal: 'SIGKILL' }]);
  });
});

describe('a worker that cannot start', () => {
  it('says what the driver said', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, options: { mood: 'consumer:throw-at-once' } });
    await expect(bed.worker('consumer').start()).rejects.toMatchObject({
      code: 'driver',
      exitCode: 2,
      message: expect.stringMatching(/consumer-1 did not start: no such cluster. See .*consumer-1.log/),
    });
  });

  it('names a driver that is none', async () => {
    await using bed = openWorkerBed(folder(), { driver: 'no-such-driver' });
    await expect(bed.worker('producer').start()).rejects.toMatchObject({
      code: 'driver',
      message: expect.stringMatching(/neither built in/),
    });
  });

  it('names a ledger that cannot be created', async () => {
    await using bed = openWorkerBed(folder());
    rmSync(bed.context.ledgerDir, { recursive: true });
    await expect(bed.worker('producer').start()).rejects.toMatchObject({ code: 'ledger', exitCode: 3 });
  });
});

describe('without its orchestrator', () => {
  it.each(['idle', 'stalled'])('a worker ends that is %s', async (state) => {
    const script = fileURLToPath(new URL('../../../fixtures/orphan-maker.ts', import.meta.url));
    const dir = folder();
    const orchestrator = spawn(process.execPath, ['--import', 'tsx', script, dir, state], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => {
      orchestrator.stdout.on('data', (text: Buffer) => resolve(Number(text.toString())));
    });
    expect(identifyProcess(pid)).toBeDefined();
    orchestrator.kill('SIGKILL');
    await until(() => identifyProcess(pid) === undefined);
  });
});
