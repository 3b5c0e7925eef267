import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type BinaryOptions,
  ensureBinaries,
  findBinaries,
  installBinaries,
} from '../../../../../harness/environment/binaries/ensure-binaries.js';
import { openProgramFolder, type ProgramFolder, printing } from '../../../../fixtures/program-folder.js';

const REDIS = printing('Redis server v=7.2.5 sha=00000000:0 malloc=libc bits=64 build=0');
const TOXIPROXY = printing('toxiproxy-server version 2.12.0');
// What a program built by `go install` says, and the build information that lies in it.
const TOXIPROXY_BY_GO = `${printing('toxiproxy-server version git')} //\tmod\tgithub.com/Shopify/toxiproxy/v2\tv2.12.0\th1:x`;

const options = (folder: ProgramFolder, more: Partial<BinaryOptions> = {}): BinaryOptions => ({
  env: folder.env,
  log: folder.log,
  signal: new AbortController().signal,
  ...more,
});

describe('finding', () => {
  it('takes what is on PATH', async () => {
    await using folder = await openProgramFolder();
    const redis = folder.add('redis-server', REDIS);
    const toxiproxy = folder.add('toxiproxy-server', TOXIPROXY_BY_GO);
    expect(await ensureBinaries(options(folder))).toEqual({
      redisServer: { name: 'redis-server', path: redis, version: '7.2.5', source: 'PATH' },
      toxiproxyServer: { name: 'toxiproxy-server', path: toxiproxy, version: '2.12.0', source: 'PATH' },
    });
    expect(folder.messages).toEqual([]);
  });

  it('asks no program twice for its version, until its file changes', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY);
    const first = await ensureBinaries(options(folder));
    expect(await ensureBinaries(options(folder))).toEqual(first);
    expect(folder.calls('redis-server')).toEqual([['--version']]);
    expect(folder.calls('toxiproxy-server')).toEqual([['--version']]);

    folder.add('redis-server', REDIS.replace('7.2.5', '8.10.0'));
    expect((await ensureBinaries(options(folder))).redisServer.version).toBe('8.10.0');
  });

  it('looks again when its index is damaged', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY, join(folder.cacheDir, 'bin'));
    writeFileSync(join(folder.cacheDir, 'binaries.json'), '{"gauntletBinaries": 1, "entries"');
    expect((await ensureBinaries(options(folder))).toxiproxyServer.source).toBe('cache');
  });

  it('goes on from PATH to the cache when the version on PATH will not do', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', printing('toxiproxy-server version 2.5.0'));
    const cached = folder.add('toxiproxy-server', TOXIPROXY, join(folder.cacheDir, 'bin'));
    expect((await ensureBinaries(options(folder))).toxiproxyServer).toMatchObject({ path: cached, source: 'cache' });
  });

  it('puts the explicit path first: a flag, then the environment; a folder or the program', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY);
    const own = join(folder.bin, 'own');
    const redis = folder.add('redis-server', REDIS.replace('7.2.5', '7.4.0'), own);
    folder.add('redis-cli', printing('redis-cli 7.4.0'), own);
    const env = { ...folder.env, GAUNTLET_REDIS_SERVER: own };
    expect((await ensureBinaries(options(folder, { env }))).redisServer).toMatchObject({
      path: redis,
      source: 'explicit',
    });
    const report = await findBinaries(options(folder, { explicit: { redisServer: redis } }));
    expect(report.found.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'redis-server explicit',
      'redis-cli explicit',
      'toxiproxy-server PATH',
    ]);
    expect(report.missing.map(({ name }) => name)).toEqual(['redis-sentinel']);
  });

  it('does not replace an explicit path that will not do by something else', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY);
    const old = folder.add('old', REDIS.replace('7.2.5', '6.2.1'));
    const other = folder.add('other', printing('something else'));
    const broken = folder.add('broken', 'process.exit(3)');
    for (const [redisServer, message] of [
      ['/nowhere/redis-server', 'no program at /nowhere/redis-server'],
      [old, 'is 6.2.1; 7.0.0 or later is needed'],
      [other, 'does not say its version, but: something else'],
      [broken, 'exit code 3'],
    ] as const) {
      const attempt = ensureBinaries(options(folder, { explicit: { redisServer } }));
      await expect(attempt).rejects.toMatchObject({
        code: 'missing-binary',
        message: expect.stringContaining(message),
      });
    }
  });

  it('lets an explicit Toxiproxy of another version pass, and says so', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    const toxiproxyServer = folder.add('mine', printing('toxiproxy-server version 2.11.0'));
    const found = await ensureBinaries(options(folder, { explicit: { toxiproxyServer } }));
    expect(found.toxiproxyServer.version).toBe('2.11.0');
    expect(folder.messages).toEqual([
      expect.stringContaining('used as asked, though scenarios are written against 2.12.0'),
    ]);
  });

  it('works without a cache that can be written', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY);
    const env = { ...folder.env, GAUNTLET_CACHE: '/dev/null/cache' };
    expect((await ensureBinaries(options(folder, { env }))).redisServer.version).toBe('7.2.5');
    expect(folder.messages).toEqual([expect.stringContaining('cannot be written')]);
  });
});

describe('installing', () => {
  // The downloads of these tests must fail without leaving the machine.
  const offline = { fetch: globalThis.fetch };
  beforeAll(() => {
    globalThis.fetch = async () => {
      throw new TypeError('fetch failed', { cause: new Error('no network in this test') });
    };
    return () => {
      globalThis.fetch = offline.fetch;
    };
  });

  const aptCache = (candidate: string) => printing(`redis-tools:\n  Installed: (none)\n  Candidate: ${candidate}\n`);
  /** Brings, as the package does, the program under the name redis-check-rdb, and redis-cli. */
  const aptGet = (folder: ProgramFolder) => {
    const redis = folder.add('packaged-redis', REDIS);
    const cli = folder.add('packaged-cli', printing('redis-cli 7.2.5'));
    return `if (process.argv.includes('install')) {
      require('fs').symlinkSync(${JSON.stringify(redis)}, ${JSON.stringify(join(folder.bin, 'redis-check-rdb'))});
      require('fs').symlinkSync(${JSON.stringify(cli)}, ${JSON.stringify(join(folder.bin, 'redis-cli'))});
    }`;
  };
  const sudo = "process.exit(require('child_process').spawnSync(process.argv[3], process.argv.slice(4)).status ?? 1)";
  const operations = (folder: ProgramFolder) => folder.calls('apt-get').map((args) => args.slice(2).join(' '));

  it('gets Redis by apt: the package without services, and links to it', async () => {
    await using folder = await openProgramFolder();
    folder.add('toxiproxy-server', TOXIPROXY);
    folder.add('apt-cache', aptCache('5:7.2.5-1'));
    folder.add('apt-get', aptGet(folder));
    folder.add('sudo', sudo);
    const { found, missing } = await installBinaries(options(folder));
    expect(missing).toEqual([]);
    expect(found.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'toxiproxy-server PATH',
      'redis-server apt',
      'redis-sentinel apt',
      'redis-cli apt',
    ]);
    expect(operations(folder)).toEqual(['install -y -q --no-install-recommends redis-tools']);
    const cached = join(folder.cacheDir, 'bin', 'redis-server');
    expect(realpathSync(cached)).toBe(realpathSync(join(folder.bin, 'packaged-redis')));
    expect((await ensureBinaries(options(folder))).redisServer).toMatchObject({ path: cached, source: 'cache' });
    expect(operations(folder)).toHaveLength(1);
  });

  it('updates the package lists when they are missing, and when the package cannot be had', async () => {
    await using folder = await openProgramFolder();
    folder.add('toxiproxy-server', TOXIPROXY);
    folder.add('sudo', sudo);
    folder.add('apt-cache', aptCache('(none)'));
    const flag = JSON.stringify(join(folder.bin, 'updated'));
    folder.add('apt-get', `if (process.argv.includes('update')) require('fs').writeFileSync(${flag}, '');`);
    await expect(ensureBinaries(options(folder))).rejects.toThrow(
      'apt: no package redis-tools is known, not even after',
    );
    expect(operations(folder)).toEqual(['update -q']);

    folder.add('apt-cache', aptCache('5:7.2.5-1'));
    folder.add(
      'apt-get',
      `if (process.argv.includes('update')) require('fs').writeFileSync(${flag} + '2', '');
       else if (!require('fs').existsSync(${flag} + '2')) { console.error('404 Not Found'); process.exit(100); }
       else { ${aptGet(folder)} }`,
    );
    expect((await ensureBinaries(options(folder))).redisServer.source).toBe('apt');
    expect(
      operations(folder)
        .slice(1)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['install', 'update', 'install']);
  });

  it('does not install a Redis that is too old', async () => {
    await using folder = await openProgramFolder();
    folder.add('toxiproxy-server', TOXIPROXY);
    folder.add('apt-cache', aptCache('5:6.0.16-1ubuntu1'));
    folder.add('apt-get', '');
    folder.add('sudo', sudo);
    await expect(ensureBinaries(options(folder))).rejects.toThrow('Redis 6.0.16; 7.0.0 or later is needed');
    expect(operations(folder)).toEqual([]);
  });

  it('gets Redis by brew where there is no apt', async () => {
    await using folder = await openProgramFolder();
    folder.add('toxiproxy-server', TOXIPROXY);
    const redis = folder.add('packaged-redis', REDIS);
    folder.add(
      'brew',
      `require('fs').symlinkSync(${JSON.stringify(redis)}, ${JSON.stringify(join(folder.bin, 'redis-server'))})`,
    );
    expect((await ensureBinaries(options(folder))).redisServer.source).toBe('brew');
    expect(folder.calls('brew')).toEqual([['install', 'redis']]);
  });

  const go = (version: string) => `
    if (process.argv[2] === 'version') console.log('go version go${version} linux/amd64');
    else {
      const path = require('path').join(process.env.GOBIN, 'server');
      require('fs').mkdirSync(process.env.GOBIN, { recursive: true });
      require('fs').writeFileSync(path, ${JSON.stringify(`#!${process.execPath}\n${TOXIPROXY_BY_GO}\n`)}, { mode: 0o755 });
    }`;

  it('builds Toxiproxy by go when the download fails, under the name it has elsewhere', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('go', go('1.23'));
    const { toxiproxyServer } = await ensureBinaries(options(folder));
    expect(toxiproxyServer).toEqual({
      name: 'toxiproxy-server',
      path: join(folder.cacheDir, 'bin', 'toxiproxy-server'),
      version: '2.12.0',
      source: 'go install',
    });
    expect(folder.calls('go')[1]).toEqual(['install', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0']);
    expect(readdirSync(join(folder.cacheDir, 'bin'))).toEqual(['toxiproxy-server']);
    expect(readFileSync(join(folder.cacheDir, 'binaries.json'), 'utf8')).toContain('go install');
    expect((await ensureBinaries(options(folder))).toxiproxyServer.source).toBe('cache');
  });

  it('may run twice at once', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('go', go('1.26.1'));
    const both = await Promise.all([ensureBinaries(options(folder)), ensureBinaries(options(folder))]);
    expect(both.map(({ toxiproxyServer }) => toxiproxyServer.version)).toEqual(['2.12.0', '2.12.0']);
    expect(readdirSync(join(folder.cacheDir, 'bin'))).toEqual(['toxiproxy-server']);
  });

  it('lists every attempt and the remedies when nothing helps', async () => {
    await using folder = await openProgramFolder();
    folder.add('go', go('1.22.9'));
    const attempt = ensureBinaries(options(folder));
    await expect(attempt).rejects.toMatchObject({ code: 'missing-binary', exitCode: 3 });
    const message = await attempt.catch((error: Error) => error.message);
    for (const part of [
      'redis-server is missing. Tried:',
      'PATH: no redis-server',
      `cache: no redis-server in ${folder.cacheDir}`,
      'apt: this system has no apt',
      'brew: this system has no Homebrew',
      'toxiproxy-server is missing. Tried:',
      'download: https://github.com/Shopify/toxiproxy/releases/download/v2.12.0/checksums.txt: no network in this test',
      'is Go 1.22.9; 1.23 or later is needed',
      'set GAUNTLET_REDIS_SERVER to its path',
      'set GAUNTLET_TOXIPROXY_SERVER to its path',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('leaves the system alone for what runs can do without', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add('toxiproxy-server', TOXIPROXY);
    folder.add('apt-cache', aptCache('5:7.2.5-1'));
    folder.add('apt-get', '');
    const { missing } = await installBinaries(options(folder));
    expect(missing.map(({ name }) => name)).toEqual(['redis-sentinel', 'redis-cli']);
    expect(folder.calls('apt-get')).toEqual([]);
  });

  it('stops when told to, with the programs it has started', async () => {
    await using folder = await openProgramFolder();
    folder.add('redis-server', REDIS);
    folder.add(
      'go',
      `require('fs').writeFileSync(process.argv[1] + '.pid', String(process.pid)); setInterval(() => {}, 1000);`,
    );
    const abort = new AbortController();
    const attempt = ensureBinaries(options(folder, { signal: abort.signal }));
    const pidFile = join(folder.bin, 'go.pid');
    await expect
      .poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', { timeout: 60_000 })
      .toBe(true);
    abort.abort(new Error('enough'));
    await expect(attempt).rejects.toThrow('enough');
    expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow('ESRCH');
  });
});

it('finds a real Toxiproxy of the pinned version on this machine, or makes one', async () => {
  const { toxiproxyServer } = await ensureBinaries({ log: () => {}, signal: new AbortController().signal });
  expect(toxiproxyServer.version).toBe('2.12.0');
});
