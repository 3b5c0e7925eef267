import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../../../harness/environment/process-identity.js';
import { createRunRegistry } from '../../../../harness/environment/run-registry.js';
import { findStaleRuns, sweepStaleRuns } from '../../../../harness/environment/stale-runs.js';
import { eventually } from '../../../fixtures/server-bed.js';

const DOOMED_RUN = fileURLToPath(new URL('../../../fixtures/doomed-run.ts', import.meta.url));

interface DoomedRun {
  readonly process: ChildProcess;
  readonly id: string;
  readonly dir: string;
  readonly child: number;
  readonly port: number;
}

let root: string;
const messages: string[] = [];
const log = (message: string) => void messages.push(message);
const started: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gauntlet-registry-'));
  messages.length = 0;
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await sweepStaleRuns(log, { root });
  await rm(root, { recursive: true, force: true });
});

async function startDoomedRun(): Promise<DoomedRun> {
  const argv = ['--import', import.meta.resolve('tsx'), DOOMED_RUN, root];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  started.push(child);
  const [line] = await new Promise<string[]>((resolve) =>
    child.stdout?.once('data', (data) => resolve(String(data).split('\n'))),
  );
  return { process: child, ...JSON.parse(line ?? '') };
}

async function killed(run: DoomedRun): Promise<void> {
  const exited = new Promise((resolve) => run.process.once('exit', resolve));
  run.process.kill('SIGKILL');
  await exited;
}

describe('sweepStaleRuns', () => {
  it('ends the processes of a killed run and removes its folder and claims', async () => {
    const run = await startDoomedRun();
    await killed(run);
    expect(identifyProcess(run.child)).toBeDefined();
    expect(await findStaleRuns({ root })).toMatchObject([
      { id: run.id, children: [{ pid: run.child, name: 'worker' }] },
    ]);

    expect(await sweepStaleRuns(log, { root })).toHaveLength(1);
    expect(identifyProcess(run.child)).toBeUndefined();
    expect(existsSync(run.dir)).toBe(false);
    expect(await readdir(join(root, 'ports'))).toEqual([]);
    expect(messages).toEqual([`Clearing up after run ${run.id}, which was killed: ending worker.`]);
    expect(await sweepStaleRuns(log, { root })).toEqual([]);
  });

  it('does not touch a run that is alive', async () => {
    const run = await startDoomedRun();
    expect(await sweepStaleRuns(log, { root })).toEqual([]);
    expect(identifyProcess(run.child)).toBeDefined();
    expect(existsSync(run.dir)).toBe(true);
    expect(await readdir(join(root, 'ports'))).toEqual([String(run.port)]);
  });

  it('does not kill a process that merely has a recycled pid', async () => {
    const run = await startDoomedRun();
    await killed(run);
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    started.push(bystander);
    const entry = { pid: bystander.pid, startTime: 'at another time', name: 'redis-1' };
    writeFileSync(join(run.dir, 'children', `${bystander.pid}.json`), JSON.stringify(entry));

    await sweepStaleRuns(log, { root });
    expect(identifyProcess(bystander.pid as number)).toBeDefined();
    expect(existsSync(run.dir)).toBe(false);
  });

  it('knows a killed owner whose pid was recycled', async () => {
    const registry = await createRunRegistry({ root });
    const owner = JSON.parse(readFileSync(join(registry.dir, 'owner.json'), 'utf8'));
    writeFileSync(join(registry.dir, 'owner.json'), JSON.stringify({ ...owner, startTime: 'at another time' }));
    expect(await sweepStaleRuns(log, { root })).toHaveLength(1);
    await registry[Symbol.asyncDispose]();
  });

  it('leaves runs of another container alone: their pids mean something else', async () => {
    const registry = await createRunRegistry({ root });
    const elsewhere = { pid: 1, startTime: 'unknown here', pidNamespace: 'pid:[1]' };
    writeFileSync(join(registry.dir, 'owner.json'), JSON.stringify(elsewhere));
    expect(await sweepStaleRuns(log, { root })).toEqual([]);
    await registry[Symbol.asyncDispose]();
  });

  it('removes a folder that was never finished, once it is old', async () => {
    mkdirSync(join(root, 'runs', '.new-x', 'children'), { recursive: true });
    expect(await sweepStaleRuns(log, { root })).toEqual([]);
    utimesSync(join(root, 'runs', '.new-x'), 0, 0);
    expect(await sweepStaleRuns(log, { root })).toHaveLength(1);
    expect(await readdir(join(root, 'runs'))).toEqual([]);
  });

  it('may run twice at once', async () => {
    const runs = [await startDoomedRun(), await startDoomedRun()];
    await Promise.all(runs.map(killed));
    await Promise.all([sweepStaleRuns(log, { root }), sweepStaleRuns(log, { root })]);
    expect(runs.map((run) => identifyProcess(run.child))).toEqual([undefined, undefined]);
    expect(await readdir(join(root, 'runs'))).toEqual([]);
  });
});

describe('a run registry', () => {
  it('removes its folder and claims, and ends what is still registered', async () => {
    const registry = await createRunRegistry({ root });
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    started.push(child);
    registry.add(child.pid as number, 'consumer-1');
    await registry.claimPort();
    await registry[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await eventually(() => (identifyProcess(child.pid as number) === undefined ? true : undefined));
    expect(await readdir(join(root, 'runs'))).toEqual([]);
    expect(await readdir(join(root, 'ports'))).toEqual([]);
  });

  it('does not end what was taken out of it', async () => {
    const registry = await createRunRegistry({ root });
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    started.push(child);
    registry.add(child.pid as number, 'consumer-1');
    registry.remove(child.pid as number);
    await registry[Symbol.asyncDispose]();
    expect(identifyProcess(child.pid as number)).toBeDefined();
  });

  it('clears up even when its process ends by an error that nobody caught', async () => {
    const run = await startDoomedRun();
    const exited = new Promise((resolve) => run.process.once('exit', resolve));
    run.process.send('fail');
    await exited;
    await eventually(() => (identifyProcess(run.child) === undefined ? true : undefined));
    expect(existsSync(run.dir)).toBe(false);
    expect(await readdir(join(root, 'ports'))).toEqual([]);
  });

  it('gives every port to one claimant', async () => {
    await using first = await createRunRegistry({ root });
    await using second = await createRunRegistry({ root });
    const ports = await Promise.all(
      [first, second].flatMap((run) => Array.from({ length: 20 }, () => run.claimPort())),
    );
    expect(new Set(ports).size).toBe(40);
  });

  it('refuses a folder that it cannot use', async () => {
    await expect(createRunRegistry({ root: '/dev/null/gauntlet' })).rejects.toMatchObject({ code: 'unwritable' });
  });
});
