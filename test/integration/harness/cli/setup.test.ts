import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pidNamespace } from '../../../../harness/environment/process-identity.js';
import { registryFolders } from '../../../../harness/environment/run-registry.js';
import { startComposeServers } from '../../../fixtures/compose-servers.js';
import { openProgramFolder, type ProgramFolder, printing } from '../../../fixtures/program-folder.js';

const MAIN = fileURLToPath(new URL('../../../../harness/cli/main.ts', import.meta.url));
const REDIS = printing('Redis server v=7.2.5 sha=00000000:0 malloc=libc bits=64 build=0');

function gauntlet(folder: ProgramFolder, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...folder.env, TMPDIR: folder.bin };
  return new Promise((resolve) => {
    const argv = ['--import', import.meta.resolve('tsx'), MAIN, ...args];
    execFile(process.execPath, argv, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('gauntlet setup', () => {
  it('lists what it found', async () => {
    await using folder = await openProgramFolder();
    const redis = folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', printing('toxiproxy-server version 2.12.0'));
    const { code, stdout } = await gauntlet(folder, 'setup');
    expect(code).toBe(0);
    expect(stdout).toContain(`redis-server      7.2.5    ${redis} (PATH)\n`);
  });

  it('--check installs nothing, and exits with 3 when something is missing', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('go', '');
    const { code, stdout, stderr } = await gauntlet(folder, 'setup', '--check');
    expect(code).toBe(3);
    expect(stdout).toContain('redis-server');
    expect(stderr).toContain('toxiproxy-server is missing. Tried:');
    expect(stderr).toContain('gauntlet setup');
    expect(folder.calls('go')).toEqual([]);
  });

  it('--with names what there is', async () => {
    await using folder = await openProgramFolder();
    const { code, stderr } = await gauntlet(folder, 'setup', '--with', 'k6');
    expect(code).toBe(2);
    expect(stderr).toContain('--with k6: there are no optional parts yet');
  });

  it('exits with 3 when an explicit path is wrong', async () => {
    await using folder = await openProgramFolder();
    const { code, stderr } = await gauntlet(folder, 'setup', '--redis-server', '/nowhere');
    expect(code).toBe(3);
    expect(stderr).toContain('there is no program at /nowhere, which was asked for');
  });
});

describe('gauntlet setup with URLs', () => {
  it('asks servers that run already, and installs nothing', async () => {
    await using folder = await openProgramFolder();
    await using servers = await startComposeServers();
    folder.add('go', '');
    const urls = ['--redis', servers.redisUrl, '--toxiproxy', servers.toxiproxyUrl];
    const { code, stdout } = await gauntlet(folder, 'setup', ...urls);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^redis +[\\d.]+ +${servers.redisUrl} \\(runs already\\)$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^toxiproxy +\\S+ +${servers.toxiproxyUrl} \\(runs already\\)$`, 'm'));
    expect(folder.calls('go')).toEqual([]);
  });

  it('exits with 3 where nobody answers', async () => {
    await using folder = await openProgramFolder();
    const { code, stderr } = await gauntlet(folder, 'setup', '--redis', 'redis://127.0.0.1:1');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: Redis at 127\.0\.0\.1:1 does not answer/);
  });

  it('takes no URL for a program', async () => {
    await using folder = await openProgramFolder();
    const asProgram = await gauntlet(folder, 'setup', '--redis-server', 'redis://me:secret@host:6379');
    expect(asProgram.code).toBe(3);
    expect(asProgram.stderr).toMatch(/redis:\/\/host:6379 is a URL; .*path of a program.*--env external/);
    const both = await gauntlet(folder, 'setup', '--redis-server', '/x', '--redis', 'redis://host:6379');
    expect(both.code).toBe(2);
  });
});

describe('gauntlet doctor', () => {
  it('tells what was found, what is missing, and which killed runs are left', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    const { root, runs } = await registryFolders(join(folder.bin, `gauntlet-${process.getuid?.()}`));
    mkdirSync(join(runs, 'killed-run'));
    const owner = { pid: 1, startTime: 'long ago', pidNamespace: pidNamespace() };
    writeFileSync(join(runs, 'killed-run', 'owner.json'), JSON.stringify(owner));

    const { code, stdout } = await gauntlet(folder, 'doctor');
    expect(code).toBe(3);
    expect(stdout).toContain(`Node ${process.versions.node}`);
    expect(stdout).toContain('redis-server      7.2.5');
    expect(stdout).toContain('toxiproxy-server is missing');
    expect(stdout).toContain('not found, and not needed by any run: redis-sentinel, redis-cli');
    expect(stdout).toContain('Run killed-run was killed.');
    expect(stdout).toContain(root);

    folder.add('toxiproxy-server', printing('toxiproxy-server version 2.12.0'));
    const asJson = await gauntlet(folder, 'doctor', '--json');
    expect(asJson.code).toBe(0);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      found: [{ name: 'redis-server', version: '7.2.5', source: 'PATH' }, { name: 'toxiproxy-server' }],
      missing: [{ name: 'redis-sentinel' }, { name: 'redis-cli' }],
      staleRuns: [{ id: 'killed-run', children: [] }],
    });
  });
});
