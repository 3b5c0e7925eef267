import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { ensureBinaries } from '../../../../harness/environment/binaries/ensure-binaries.js';
import { findOnPath } from '../../../../harness/environment/binaries/search-context.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';

/** Whatever is wrong: one clear message, the documented exit code, and nothing left behind. */

let bed: CliBed;
beforeEach(() => {
  bed = openCliBed();
});
afterEach(async () => {
  const left = bed.leftovers();
  await bed[Symbol.asyncDispose]();
  expect(left).toEqual([]);
});

const HEALTHY = `
gauntlet: 1
name: healthy
system: { driver: 'null' }
load:
  message: { size: 64B }
  phases:
    - { name: steady, rate: 100/s, for: 1s }
gates:
  - lost <= 1000000
`;

/** Runs a scenario and returns what the user sees of it. */
async function run(text: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const path = join(bed.dir, 'scenario.yaml');
  writeFileSync(path, text);
  const cli = bed.gauntlet(['run', 'scenario.yaml', ...args], env);
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}

/** How often the user is told that something is wrong. */
function errorsIn(stderr: string): number {
  return stderr.split('\n').filter((line) => line.startsWith('error:')).length;
}

describe('a scenario that cannot be run', () => {
  it.each([
    ['broken YAML', 'name: [unclosed', /scenario\.yaml:\d+:\d+/],
    ['an unknown key', HEALTHY.replace('load:', 'laod:'), /laod[\s\S]*did you mean "?load/i],
    ['zero rate', HEALTHY.replace('100/s', '0/s'), /rate[\s\S]*0\/s/],
    [
      'a phase that does not exist',
      HEALTHY.replace('lost <= 1000000', 'throughput >= 1/s during steedy'),
      /steedy[\s\S]*steady/,
    ],
    ['a metric that does not exist', HEALTHY.replace('lost <=', 'loss <='), /loss[\s\S]*lost/],
    [
      'a metric that cannot be measured',
      HEALTHY.replace('64B', '64B, keys: none').replace('lost <= 1000000', 'reordered == 0'),
      /reordered cannot be measured/,
    ],
    [
      'a fault on a node that the topology lacks',
      `${HEALTHY}faults:\n  - { at: steady, kill: redis-replica, restart: 1s }\n`,
      /there is no process "redis-replica"/,
    ],
    ['a driver that does not exist', HEALTHY.replace("'null'", './nowhere.ts'), /nowhere\.ts/],
  ])('%s: exit code 2, before anything is started', async (_, text, message) => {
    const { code, stderr, stdout } = await run(text);
    expect(stderr).toMatch(message);
    expect(errorsIn(stderr)).toBe(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('several mistakes are told at once', async () => {
    const { code, stderr } = await run(HEALTHY.replace('100/s', '0/s').replace('64B', '64Q').replace('lost', 'loss'));
    expect(code).toBe(2);
    for (const mistake of ['0/s', '64Q', 'loss']) expect(stderr).toContain(mistake);
  });

  it('no such file', async () => {
    const cli = bed.gauntlet(['run', 'nowhere.yaml']);
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toMatch(/^error: .*nowhere\.yaml/m);
  });

  it('an unknown flag', async () => {
    const cli = bed.gauntlet(['run', '--sede', '1']);
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toMatch(/--sede[\s\S]*--seed/);
  });

  it.each(['-1', '1.5', 'twice'])('--rerun-inconclusive %s', async (value) => {
    const { code, stderr } = await run(HEALTHY, ['--rerun-inconclusive', value]);
    expect(stderr).toBe(`error: --rerun-inconclusive ${value}: expected a whole number, 0 or more.\n`);
    expect(code).toBe(2);
  });
});

describe('a machine that cannot run it', () => {
  // Nothing can be taken away from a program that has Redis in one of the usual folders.
  const found = findOnPath('redis-server', {});
  it('no redis-server anywhere, nor a package manager', async (context) => {
    context.skip((await found) !== undefined, 'redis-server lies in a folder that is searched without PATH');
    const { signal } = new AbortController();
    const { toxiproxyServer } = await ensureBinaries({ log: () => {}, signal });
    const { code, stderr } = await run(HEALTHY, [], {
      PATH: '',
      GAUNTLET_CACHE: join(bed.dir, 'cache'),
      GAUNTLET_REDIS_SERVER: '',
      GAUNTLET_TOXIPROXY_SERVER: toxiproxyServer.path,
    });
    expect(stderr).toMatch(/^error: redis-server is missing\. Tried:/m);
    expect(stderr).toMatch(/Install Redis .* or later/);
    expect(code).toBe(3);
  });

  it('a redis-server that is not where it was said to be', async () => {
    const { code, stderr } = await run(HEALTHY, [], { GAUNTLET_REDIS_SERVER: '/nowhere/redis-server' });
    expect(stderr).toMatch(/^error: redis-server: there is no program at \/nowhere\/redis-server/m);
    expect(errorsIn(stderr)).toBe(1);
    expect(code).toBe(3);
  });

  it('a report folder that cannot be written', async () => {
    writeFileSync(join(bed.dir, 'file'), '');
    const { code, stderr } = await run(HEALTHY, ['--report', 'file/report']);
    expect(stderr).toMatch(/^error: Cannot write .*file\/report.*--report DIR/m);
    expect(errorsIn(stderr)).toBe(1);
    expect(code).toBe(2);
  });

  it('a folder for running servers that cannot be written', async () => {
    writeFileSync(bed.registry, '');
    const { code, stderr } = await run(HEALTHY);
    expect(stderr).toMatch(/^error: .*TMPDIR/m);
    expect(code).toBe(3);
  });

  it('an external Redis that is something else on the port', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await run(HEALTHY, ['--env', 'external', '--redis', `redis://127.0.0.1:${port}`]);
    server.close();
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(code).toBe(3);
  });

  it('an external Redis where nobody listens', async () => {
    const { code, stderr } = await run(HEALTHY, ['--env', 'external', '--redis', 'redis://127.0.0.1:1']);
    expect(stderr).toContain('127.0.0.1:1');
    expect(code).toBe(3);
  });
});

describe('a full disk', () => {
  let disk: string | undefined;
  afterEach(() => {
    if (disk !== undefined) execFileSync('umount', [disk]);
    disk = undefined;
  });

  /** A small file system at `path`. Only root, where it may mount, can make a disk that is full. */
  function mount(path: string, size: string, context: TestContext): void {
    mkdirSync(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', path], { stdio: 'pipe' });
    } catch (error) {
      context.skip(`no file system can be mounted here: ${(error as Error).message}`);
    }
    disk = path;
  }

  it('under the report', async (context) => {
    const path = join(bed.dir, 'disk');
    mount(path, '64k', context);
    const { code, stderr } = await run(HEALTHY, ['--report', join(path, 'report')]);
    expect(stderr).toMatch(/^error: No space left to write .*--report DIR/m);
    expect(errorsIn(stderr)).toBe(1);
    expect(code).toBe(3);
  });

  it('under the ledger: nothing can be said', async (context) => {
    mount(bed.registry, '600k', context);
    const { code, stdout } = await run(HEALTHY.replace('100/s', '20000/s'));
    expect(stdout).toMatch(/its ledger .* cannot be written: ENOSPC/);
    expect(code).toBe(4);
  });
});
