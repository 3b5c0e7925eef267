import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Environment, UnexpectedExit } from '../../../../harness/environment/environment.js';
import { startNativeEnvironment } from '../../../../harness/environment/native.js';
import { askRedis, redisInfo } from '../../../../harness/environment/redis-probe.js';
import type { RunRegistry } from '../../../../harness/environment/run-registry.js';
import { listProxies } from '../../../../harness/environment/toxiproxy-control.js';
import type { RedisSpec } from '../../../../harness/scenario/scenario.js';
import { eventually, openServerBed, ownServers, type ServerBed } from '../../../fixtures/server-bed.js';

const standalone: RedisSpec = { topology: 'standalone', replicas: 0, config: {} };
const replicated: RedisSpec = { topology: 'replicated', replicas: 2, config: {} };

function start(
  bed: ServerBed,
  redis: RedisSpec,
  more: { signal?: AbortSignal; registry?: RunRegistry; logDir?: string } = {},
) {
  const { binaries, registry, logDir, log, signal } = bed;
  return startNativeEnvironment({ redis, binaries, registry, logDir, log, signal, ...more });
}

const setThrough = (environment: Environment, key: string, value: string) =>
  askRedis(environment.endpoints.redis.nodes[0]!, 'SET', key, value);

describe('standalone', () => {
  it('puts a proxy before Redis, keeps logs, and leaves nothing behind', async () => {
    const before = ownServers();
    await using bed = await openServerBed();
    const environment = await start(bed, standalone);
    expect(ownServers()).toHaveLength(before.length + 2);
    expect(environment.nodes.map((node) => node.name)).toEqual(['redis-1']);
    expect(environment.links.map((link) => link.name)).toEqual(['redis-1.clients']);

    await setThrough(environment, 'k', 'v');
    const [node] = environment.nodes;
    expect(await askRedis(node!.direct, 'GET', 'k')).toBe('v');
    expect(node!.clients.port).not.toBe(node!.direct.port);
    expect(await askRedis(node!.direct, 'CONFIG', 'GET', 'save')).toEqual(['save', '']);
    expect(await askRedis(node!.direct, 'CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);

    await environment[Symbol.asyncDispose]();
    await environment[Symbol.asyncDispose]();
    expect(ownServers()).toEqual(before);
    expect(readdirSync(bed.registry.dir).sort()).toEqual(['children', 'owner.json', 'proxies']);
    expect(readdirSync(join(bed.registry.dir, 'children'))).toEqual([]);
    expect(readFileSync(join(bed.logDir, 'redis-1.log'), 'utf8')).toContain('Ready to accept connections');
    expect(readFileSync(join(bed.logDir, 'toxiproxy.log'), 'utf8')).toContain('Started proxy');
  });

  it('applies the scenario’s configuration, a password included', async () => {
    await using bed = await openServerBed();
    const config = { maxmemory: '64mb', appendonly: 'yes', requirepass: 'pass "word"' };
    await using environment = await start(bed, { ...standalone, config });
    const { direct } = environment.nodes[0]!;
    expect(environment.endpoints.redis.password).toBe(config.requirepass);
    expect(await askRedis(direct, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(64 * 1024 ** 2)]);
    await expect(askRedis({ host: direct.host, port: direct.port }, 'PING')).rejects.toThrow('NOAUTH');
  });

  it('starts a killed server again under the same address, and it is not called unexpected', async () => {
    await using bed = await openServerBed();
    await using environment = await start(bed, { ...standalone, config: { appendonly: 'yes', appendfsync: 'always' } });
    const exits: UnexpectedExit[] = [];
    environment.onUnexpectedExit((exit) => exits.push(exit));
    await setThrough(environment, 'k', 'kept by the append-only file');
    const server = environment.nodes[0]!.process!;
    const firstPid = server.pid;

    server.signal('SIGKILL');
    await server.exited();
    expect(server.running).toBe(false);
    await server.start();
    expect(server.running).toBe(true);
    expect(server.pid).not.toBe(firstPid);
    expect(await askRedis(environment.endpoints.redis.nodes[0]!, 'GET', 'k')).toBe('kept by the append-only file');
    expect(exits).toEqual([]);
  });

  it('starts again right after the signal, without waiting for the exit', async () => {
    await using bed = await openServerBed();
    await using environment = await start(bed, standalone);
    const server = environment.nodes[0]!.process!;
    const firstPid = server.pid;
    server.signal('SIGKILL');
    await server.start();
    expect(server.pid).not.toBe(firstPid);
    expect(await askRedis(environment.nodes[0]!.direct, 'PING')).toBe('PONG');
  });

  it('disposes of a paused server', async () => {
    const before = ownServers();
    await using bed = await openServerBed();
    const environment = await start(bed, standalone);
    environment.nodes[0]!.process!.signal('SIGSTOP');
    await environment[Symbol.asyncDispose]();
    expect(ownServers()).toEqual(before);
  });
});

describe('a server that ends though nobody asked it to', () => {
  it.each(['redis-1', 'toxiproxy'])('is reported once, with its log: %s', async (name) => {
    await using bed = await openServerBed();
    await using environment = await start(bed, standalone);
    const exits: UnexpectedExit[] = [];
    environment.onUnexpectedExit((exit) => exits.push(exit));
    const redis = environment.nodes[0]!.process!;
    const [victim] = ownServers().filter((pid) => (pid === redis.pid) === (name === 'redis-1'));

    process.kill(victim!, 'SIGTERM');
    await eventually(() => (exits.length > 0 ? true : undefined));
    expect(exits).toHaveLength(1);
    expect(exits[0]!.process).toBe(name);
    expect(exits[0]!.logTail).toMatch(/SIGTERM|Shutdown/i);
  });

  it('is reported after a pause too', async () => {
    await using bed = await openServerBed();
    await using environment = await start(bed, standalone);
    const server = environment.nodes[0]!.process!;
    server.signal('SIGSTOP');
    server.signal('SIGCONT');
    process.kill(server.pid!, 'SIGKILL');
    await server.exited();
    const exit = await new Promise<UnexpectedExit>((resolve) => environment.onUnexpectedExit(resolve));
    expect(exit).toMatchObject({ process: 'redis-1', code: null, signal: 'SIGKILL' });
  });
});

describe('replicated', () => {
  it('replicates through the peer proxy, which each node announces', async () => {
    await using bed = await openServerBed();
    await using environment = await start(bed, replicated);
    expect(environment.links.map((link) => link.name)).toEqual(
      [1, 2, 3].flatMap((number) => [`redis-${number}.clients`, `redis-${number}.peers`]),
    );
    await setThrough(environment, 'k', 'v');
    const [master, ...replicas] = environment.nodes;
    for (const replica of replicas) {
      const info = await redisInfo(replica.direct, 'replication');
      expect(info.get('role')).toBe('slave');
      expect(Number(info.get('master_port'))).toBe(master!.peers!.port);
      await eventually(async () => ((await askRedis(replica.direct, 'GET', 'k')) === 'v' ? true : undefined));
    }
    const announced = await redisInfo(master!.direct, 'replication');
    const ports = ['slave0', 'slave1'].map((slave) => Number(/port=(\d+)/.exec(announced.get(slave) ?? '')?.[1]));
    expect(ports.sort()).toEqual(replicas.map((replica) => replica.peers!.port).sort());
  });

  it('shares one password among the nodes', async () => {
    await using bed = await openServerBed();
    await using environment = await start(bed, { ...replicated, replicas: 1, config: { requirepass: 'p w' } });
    const info = await redisInfo(environment.nodes[1]!.direct, 'replication');
    expect(info.get('master_link_status')).toBe('up');
  });
});

describe('what cannot be started', () => {
  it.each([
    ['a value that Redis refuses', { maxmemory: 'plenty' }, /'maxmemory plenty'.*memory value/],
    [
      'a directive that Redis does not know',
      { 'maxmemory-polic': 'noeviction' },
      /'maxmemory-polic noeviction'.*Bad directive/,
    ],
    ['a directive of the environment’s', { port: '6379' }, /environment\.redis\.config\.port: "6379" cannot be set/],
  ])('%s is one clear error, and nothing is left', async (_, config, message) => {
    const before = ownServers();
    await using bed = await openServerBed();
    await expect(start(bed, { ...standalone, config })).rejects.toMatchObject({
      code: 'bad-config',
      exitCode: 3,
      message: expect.stringMatching(message),
    });
    expect(ownServers()).toEqual(before);
  });

  it('a missing binary', async () => {
    const before = ownServers();
    await using bed = await openServerBed();
    const redisServer = { ...bed.binaries.redisServer, path: '/nowhere/redis-server' };
    const attempt = startNativeEnvironment({ ...bed, redis: standalone, binaries: { ...bed.binaries, redisServer } });
    await expect(attempt).rejects.toMatchObject({ code: 'missing-binary', exitCode: 3 });
    await expect(attempt).rejects.toThrow('/nowhere/redis-server');
    expect(ownServers()).toEqual(before);
  });

  it('a folder for logs that cannot be made', async () => {
    await using bed = await openServerBed();
    await expect(start(bed, standalone, { logDir: '/dev/null/logs' })).rejects.toMatchObject({ code: 'unwritable' });
  });

  it('a full disk', async () => {
    const before = ownServers();
    await using bed = await openServerBed();
    const full: NodeJS.ErrnoException = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const registry: RunRegistry = { ...bed.registry, claimPort: () => Promise.reject(full) };
    await expect(start(bed, standalone, { registry })).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining('The disk is full'),
    });
    expect(ownServers()).toEqual(before);
  });

  it('an aborted start leaves nothing', async () => {
    const before = ownServers();
    await using bed = await openServerBed();
    const abort = new AbortController();
    const attempt = start(bed, replicated, { signal: abort.signal });
    await eventually(() => (ownServers().length > before.length + 1 ? true : undefined));
    abort.abort(new Error('enough'));
    await expect(attempt).rejects.toThrow('enough');
    expect(ownServers()).toEqual(before);
  });
});

describe('an occupied port', () => {
  it.each([
    ['of Redis', 0],
    ['of a proxy', 1],
    ['of Toxiproxy’s control', 2],
  ])('%s: other ports are tried', async (_, position) => {
    await using bed = await openServerBed();
    const occupier = createServer((socket) => socket.resume());
    let claims = 0;
    // Taken between the claim and the start of the server, as if by a program that knows nothing of claims.
    const registry: RunRegistry = {
      ...bed.registry,
      async claimPort() {
        const port = await bed.registry.claimPort();
        if (claims++ === position) await new Promise<void>((resolve) => occupier.listen(port, '127.0.0.1', resolve));
        return port;
      },
    };
    try {
      await using environment = await start(bed, standalone, { registry });
      expect(await askRedis(environment.endpoints.redis.nodes[0]!, 'PING')).toBe('PONG');
      expect(bed.messages.some((message) => /was taken by somebody else\. Trying other ports/.test(message))).toBe(
        true,
      );
    } finally {
      await new Promise((resolve) => occupier.close(resolve));
    }
  });
});

it('two environments side by side do not disturb each other', async () => {
  await using bed = await openServerBed();
  await using first = await start(bed, standalone, { logDir: join(bed.logDir, 'first') });
  const second = await start(bed, standalone, { logDir: join(bed.logDir, 'second') });
  await setThrough(first, 'k', 'first');
  await setThrough(second, 'k', 'second');
  expect(await listProxies(`http://127.0.0.1:${second.toxiproxy.port}`)).toHaveLength(1);
  await second[Symbol.asyncDispose]();
  expect(await askRedis(first.endpoints.redis.nodes[0]!, 'GET', 'k')).toBe('first');
  expect(existsSync(join(bed.logDir, 'second', 'redis-1.log'))).toBe(true);
});
