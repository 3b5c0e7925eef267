import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliBed, openCliBed, type RunningCli } from '../../../fixtures/cli-bed.js';
import { eventually } from '../../../fixtures/server-bed.js';

/** Whatever ends a run before its time: the documented exit code, and nothing left behind. */

const STEADY = fileURLToPath(new URL('../../../fixtures/scenarios/steady.yaml', import.meta.url));
const LOAD = /steady: \d/;
/** Passed, or on a busy machine inconclusive: the run came to its end, and no gate failed. */
const NOTHING_FAILED = [0, 4];

let bed: CliBed;
beforeEach(() => {
  bed = openCliBed();
});
afterEach(() => bed[Symbol.asyncDispose]());

function start(report: string, loadFor: string): RunningCli {
  return bed.gauntlet([
    ...['run', STEADY, '--report', join(bed.dir, report)],
    ...['--set', 'load.phases.warmup.for=10ms', '--set', `load.phases.steady.for=${loadFor}`],
  ]);
}

async function startAndReachLoad(): Promise<RunningCli> {
  const cli = start('report', '120s');
  await cli.sees(LOAD);
  expect(bed.pids('redis-server')).toHaveLength(1);
  return cli;
}

describe('a run that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s', async (signal) => {
    const cli = await startAndReachLoad();
    cli.child.kill(signal);
    expect(await cli.ended).toBe(130);
    expect(cli.stderr()).toContain(`${signal}: lifting faults and stopping`);
    expect(bed.leftovers()).toEqual([]);
  });

  it('before the load, while servers and workers start', async () => {
    const cli = start('report', '120s');
    await cli.sees(/starting Redis/);
    cli.child.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    expect(bed.leftovers()).toEqual([]);
  });

  it('twice: it leaves at once, and the next run clears up', async () => {
    const cli = await startAndReachLoad();
    cli.child.kill('SIGSTOP');
    cli.child.kill('SIGINT');
    cli.child.kill('SIGTERM');
    cli.child.kill('SIGCONT');
    expect([130, 143]).toContain(await cli.ended);
    expect(NOTHING_FAILED).toContain(await start('next', '100ms').ended);
    expect(bed.leftovers()).toEqual([]);
  });
});

describe('a run that is killed', () => {
  it('leaves nothing that the next run does not remove', async () => {
    const killed = await startAndReachLoad();
    const [redis] = bed.pids('redis-server');
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    // Its workers notice by themselves; its servers cannot.
    expect(bed.pids('redis-server')).toEqual([redis]);

    const next = start('next', '100ms');
    expect(NOTHING_FAILED, next.stderr()).toContain(await next.ended);
    expect(next.stderr()).toMatch(/Clearing up after run \S+, which was killed: ending .*redis-1/);
    expect(bed.leftovers()).toEqual([]);
  });
});

describe('a run whose Redis dies though nobody asked it to', () => {
  it('ends with exit code 3 and the name of the server', async () => {
    const cli = await startAndReachLoad();
    for (const pid of bed.pids('redis-server')) process.kill(pid, 'SIGKILL');
    expect(await cli.ended).toBe(3);
    // With the end of its log where the run is told of; one line in the table.
    const told = /redis-1 ended/g;
    expect(cli.stderr().match(told), cli.stderr()).toHaveLength(1);
    expect(cli.stderr()).toMatch(/redis-1 ended though no fault asked it to \(SIGKILL\)\. The end of its log in/);
    expect(cli.stdout().match(told), cli.stdout()).toHaveLength(1);
    expect(cli.stdout()).toMatch(/^ERR {3}steady {4}redis-1 ended though no fault asked it to \(SIGKILL\)/m);
    const page = readFileSync(join(bed.dir, 'report', 'index.html'), 'utf8');
    expect(page).toContain('<a href="./steady/logs/redis-1.log">redis-1.log</a>');
    expect(bed.leftovers()).toEqual([]);
  });
});

describe('two runs side by side', () => {
  it('do not disturb each other', async () => {
    const runs = [start('first', '3s'), start('second', '3s')];
    await eventually(() => bed.pids('redis-server').length === 2 || undefined);
    for (const run of runs) expect(NOTHING_FAILED, run.stderr()).toContain(await run.ended);
    expect(bed.leftovers()).toEqual([]);
    for (const report of ['first', 'second']) expect(readdirSync(join(bed.dir, report))).toContain('suite.json');
  });
});
