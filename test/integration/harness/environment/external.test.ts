import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment, UnexpectedExit } from '../../../../harness/environment/environment.js';
import { type ExternalOptions, startExternalEnvironment } from '../../../../harness/environment/external.js';
import { startNativeEnvironment } from '../../../../harness/environment/native.js';
import { pidNamespace } from '../../../../harness/environment/process-identity.js';
import { askRedis } from '../../../../harness/environment/redis-probe.js';
import { createRunRegistry } from '../../../../harness/environment/run-registry.js';
import { sweepStaleRuns } from '../../../../harness/environment/stale-runs.js';
import { listProxies } from '../../../../harness/environment/toxiproxy-control.js';
import { connectToxiproxy } from '../../../../harness/faults/toxiproxy.js';
import { eventually, openServerBed, ownServers, type ServerBed } from '../../../fixtures/server-bed.js';

// The servers that "somebody else" started, for all tests of this file: with a key and a proxy that are not ours.
let bed: ServerBed;
let theirs: Environment;
let toxiproxyUrl: string;
let redisUrl: string;

beforeEach(async () => {
  bed = await openServerBed();
  theirs = await startNativeEnvironment({ ...bed, redis: { topology: 'standalone', replicas: 0, config: {} } });
  await askRedis(theirs.nodes[0]!.direct, 'SET', 'theirs', 'kept');
  toxiproxyUrl = `http://127.0.0.1:${theirs.toxiproxy.port}`;
  redisUrl = `redis://127.0.0.1:${theirs.nodes[0]!.direct.port}`;
});

afterEach(async () => {
  await theirs[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

async function attach(more: Partial<ExternalOptions> = {}): Promise<Environment> {
  const port = await bed.registry.claimPort();
  return startExternalEnvironment({
    redisUrl,
    toxiproxyUrl,
    proxyPorts: { from: port, to: port },
    redis: { topology: 'standalone', replicas: 0, config: {} },
    registry: bed.registry,
    logDir: bed.logDir,
    log: bed.log,
    signal: bed.signal,
    ...more,
  });
}

const proxyNames = async () => (await listProxies(toxiproxyUrl)).map((proxy) => proxy.name);

describe('servers of somebody else', () => {
  it('get a proxy of this run’s, and lose it and nothing else at the end', async () => {
    const environment = await attach();
    const [node] = environment.nodes;
    expect(node!.process).toBeUndefined();
    expect(node!.clients.proxy).toBe(`gauntlet-${bed.registry.id}-redis-1.clients`);
    expect(environment.links.map((link) => link.name)).toEqual(['redis-1.clients']);
    expect(environment.versions.redis).toBe(bed.binaries.redisServer.version);
    expect(await proxyNames()).toContain(node!.clients.proxy);
    expect(await askRedis(environment.endpoints.redis.nodes[0]!, 'GET', 'theirs')).toBe('kept');

    await environment[Symbol.asyncDispose]();
    await environment[Symbol.asyncDispose]();
    expect(await proxyNames()).toEqual(['redis-1.clients']);
    expect(await askRedis(theirs.nodes[0]!.direct, 'GET', 'theirs')).toBe('kept');
  });

  it('can be broken on the way, as Toxiproxy’s own API sees it', async () => {
    await using environment = await attach();
    const link = environment.nodes[0]!.clients;
    await connectToxiproxy(environment.toxiproxy).setEnabled(link.proxy, false);
    await expect(askRedis(link, 'PING')).rejects.toThrow('ECONNREFUSED');
    expect(await askRedis(environment.nodes[0]!.direct, 'PING')).toBe('PONG');
  });

  it('may be in another network: its own name for Redis, listening on every address', async () => {
    const { port } = theirs.nodes[0]!.direct;
    await using environment = await attach({ redisUpstream: `localhost:${port}` });
    expect(environment.nodes[0]!.clients.upstream).toEqual({ host: 'localhost', port });
    const proxy = (await listProxies(toxiproxyUrl)).find(({ name }) => name === environment.nodes[0]!.clients.proxy);
    expect(proxy?.listen).toBe(`[::]:${environment.nodes[0]!.clients.port}`);
  });

  it('serve two runs at once, each on a port of its own', async () => {
    await using other = await createRunRegistry({ root: bed.root });
    const from = await bed.registry.claimPort();
    const proxyPorts = { from, to: from + 50 };
    await using first = await attach({ proxyPorts });
    await using second = await attach({ proxyPorts, registry: other });
    expect(second.nodes[0]!.clients.port).not.toBe(first.nodes[0]!.clients.port);
    expect(await proxyNames()).toHaveLength(3);
  });

  it('lose the proxy of a killed run with the next', async () => {
    const other = await createRunRegistry({ root: bed.root });
    await attach({ registry: other });
    // As after kill -9: nobody disposed of anything, and the owner is no more.
    const owner = { pid: 1, startTime: 'long ago', pidNamespace: pidNamespace() };
    writeFileSync(`${other.dir}/owner.json`, JSON.stringify(owner));
    expect(await proxyNames()).toHaveLength(2);
    await sweepStaleRuns(bed.log, { root: bed.root });
    expect(await proxyNames()).toEqual(['redis-1.clients']);
    await other[Symbol.asyncDispose]();
  });
});

describe('a server that is gone', () => {
  it.each(['redis-1', 'toxiproxy'])('is noticed: %s', async (name) => {
    const redis = theirs.nodes[0]!.process!;
    const [victim] = ownServers().filter((pid) => (pid === redis.pid) === (name === 'redis-1'));
    await using environment = await attach();
    const exits: UnexpectedExit[] = [];
    environment.onUnexpectedExit((exit) => exits.push(exit));
    process.kill(victim!, 'SIGKILL');
    await eventually(() => (exits.length > 0 ? true : undefined));
    expect(exits).toMatchObject([{ process: name, code: null, signal: null }]);
  });

  it('is not taken for gone while it is merely paused', async () => {
    await using environment = await attach();
    const exits: UnexpectedExit[] = [];
    environment.onUnexpectedExit((exit) => exits.push(exit));
    theirs.nodes[0]!.process!.signal('SIGSTOP');
    await expect(askRedis(environment.nodes[0]!.direct, 'PING')).rejects.toThrow();
    theirs.nodes[0]!.process!.signal('SIGCONT');
    expect(exits).toEqual([]);
  });
});

describe('what will not do', () => {
  const fails = async (more: Partial<ExternalOptions>, code: string, message: RegExp) => {
    const before = await proxyNames();
    await expect(attach(more)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await proxyNames()).toEqual(before);
  };

  it('no Redis', async () => {
    const port = await bed.registry.claimPort();
    await fails(
      { redisUrl: `redis://127.0.0.1:${port}` },
      'unreachable',
      /does not answer: .*ECONNREFUSED.*correct --redis/,
    );
  });

  it('no Toxiproxy', async () => {
    const port = await bed.registry.claimPort();
    await fails(
      { toxiproxyUrl: `http://127.0.0.1:${port}` },
      'unreachable',
      /Toxiproxy does not answer.*correct --toxiproxy/,
    );
  });

  it('a Toxiproxy that does not reach Redis', async () => {
    const port = await bed.registry.claimPort();
    await fails(
      { redisUpstream: `127.0.0.1:${port}` },
      'unreachable',
      /does not answer through Toxiproxy.*--redis-upstream/,
    );
  });

  it('a Toxiproxy that reaches another Redis', async () => {
    await using another = await startNativeEnvironment({
      ...bed,
      redis: { topology: 'standalone', replicas: 0, config: {} },
      logDir: `${bed.logDir}/another`,
    });
    const redisUpstream = `127.0.0.1:${another.nodes[0]!.direct.port}`;
    await fails({ redisUpstream }, 'unreachable', /Another Redis.*--redis-upstream/);
  });

  it('no free port', async () => {
    const port = theirs.nodes[0]!.clients.port;
    await fails({ proxyPorts: { from: port, to: port } }, 'port-taken', /none of the ports/);
    const redisPort = theirs.nodes[0]!.direct.port;
    await fails(
      { proxyPorts: { from: redisPort, to: redisPort } },
      'port-taken',
      /none of the ports.*address already in use/,
    );
  });

  it.each(['replicated', 'sentinel', 'cluster'] as const)('a topology of several nodes: %s', async (topology) => {
    const redis = { topology, replicas: 1, config: {} };
    await fails({ redis }, 'unsupported', new RegExp(`"${topology}" cannot be had with --env external`));
  });

  it('links of a worker’s own', async () => {
    const redis = { topology: 'standalone', replicas: 0, ownLinks: ['producer-1'], config: {} } as const;
    await fails({ redis }, 'unsupported', /ownLinks cannot be had with --env external/);
  });

  it('a configuration other than the scenario’s', async () => {
    const redis = (config: Record<string, string>) => ({ topology: 'standalone', replicas: 0, config }) as const;
    await fails({ redis: redis({ appendonly: 'yes' }) }, 'bad-config', /appendonly: "no" instead of "yes"/);
    await fails({ redis: redis({ 'no-such': 'x' }) }, 'bad-config', /no-such: unknown to it/);
    const same = { save: '""', maxmemory: '0', 'proto-max-bulk-len': '512mb', appendonly: 'No' };
    await using environment = await attach({ redis: redis(same) });
    expect(environment.kind).toBe('external');
  });

  it('a replica', async () => {
    await askRedis(theirs.nodes[0]!.direct, 'REPLICAOF', '127.0.0.1', '1');
    await fails({}, 'unsupported', /has the role slave/);
  });
});
