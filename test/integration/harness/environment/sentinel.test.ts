import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment, RedisNode } from '../../../../harness/environment/environment.js';
import { startNativeEnvironment } from '../../../../harness/environment/native.js';
import { askRedis, redisInfo } from '../../../../harness/environment/redis-probe.js';
import { resolveNode } from '../../../../harness/environment/resolve-node.js';
import type { RedisSpec } from '../../../../harness/scenario/scenario.js';
import { setLink } from '../../../fixtures/links.js';
import { eventually, openServerBed, ownServers, type ServerBed } from '../../../fixtures/server-bed.js';

/** Long enough that no stall of the machine passes for a dead node. */
const DOWN_AFTER_MS = 3000;

const sentinelSpec: RedisSpec = {
  topology: 'sentinel',
  replicas: 2,
  sentinel: { count: 3, downAfterMs: DOWN_AFTER_MS, failoverTimeoutMs: 5000 },
  ownLinks: ['producer-2'],
  config: { requirepass: 'p w' },
};

const nameOf = async (environment: Environment, role: string) => (await resolveNode(environment, role)).name;
const roleOf = async ({ direct }: RedisNode) => (await redisInfo(direct, 'replication')).get('role');

/** What a Sentinel says of its master. */
async function masterSeenBy({ direct }: RedisNode): Promise<Record<string, string>> {
  const [fields = []] = (await askRedis(direct, 'SENTINEL', 'MASTERS')) as string[][];
  return Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : [])));
}

/** A server that does not answer at once, or closes its connections since it is demoted, is asked again. */
const until = <T>(condition: () => Promise<T | undefined>): Promise<T> =>
  eventually(() => condition().catch(() => undefined));

let bed: ServerBed;
beforeAll(async () => {
  bed = await openServerBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

describe('sentinel', () => {
  it('starts Sentinels that know everybody by peer proxies, and leaves nothing behind', async () => {
    const before = ownServers();
    const environment = await startNativeEnvironment({ ...bed, redis: sentinelSpec });
    expect(ownServers()).toHaveLength(before.length + 1 + 3 + 3);
    expect(environment.sentinels.map(({ name }) => name)).toEqual(['sentinel-1', 'sentinel-2', 'sentinel-3']);
    const servers = [...environment.nodes, ...environment.sentinels];
    const names = servers.flatMap(({ name }) => ['clients', 'peers', 'producer-2'].map((side) => `${name}.${side}`));
    expect(environment.links.map(({ name }) => name)).toEqual(names);

    const { redis } = environment.endpoints;
    expect(redis).toMatchObject({
      topology: 'sentinel',
      replicas: 2,
      password: 'p w',
      sentinel: { master: 'gauntlet' },
    });
    const [, port] = (await askRedis(
      redis.sentinel!.nodes[0]!,
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      'gauntlet',
    )) as string[];
    const [master] = environment.nodes;
    expect(Number(port)).toBe(master!.peers!.port);
    const { password } = redis;
    const reached = redis.natMap![`127.0.0.1:${port}`]!;
    expect(reached).toEqual({ host: master!.clients.host, port: master!.clients.port });
    expect(await askRedis({ ...reached, password: password! }, 'SET', 'k', 'v')).toBe('OK');

    const { sentinel, natMap } = redis;
    const client = new Redis({
      sentinels: [...sentinel!.nodes],
      name: sentinel!.master,
      natMap: natMap!,
      password: password!,
    });
    client.on('error', () => {});
    expect(await client.get('k')).toBe('v');
    expect(client.stream).toMatchObject({ remotePort: master!.clients.port });
    client.disconnect();

    const own = environment.ownEndpoints['producer-2']!.redis;
    const side = environment.links.filter(({ name }) => name.endsWith('.producer-2'));
    expect([...own.nodes, ...own.sentinel!.nodes].map((node) => node.port)).toEqual(side.map((link) => link.port));
    expect(own.natMap![`127.0.0.1:${port}`]).toEqual({ host: '127.0.0.1', port: side[0]!.port });
    expect(await askRedis({ ...own.nodes[0]!, password: password! }, 'GET', 'k')).toBe('v');

    await environment[Symbol.asyncDispose]();
    expect(ownServers()).toEqual(before);
  });

  it('cutting the clients off causes no failover', async () => {
    await using environment = await startNativeEnvironment({ ...bed, redis: sentinelSpec });
    const before = await Promise.all(environment.sentinels.map(masterSeenBy));
    await setLink(environment, 'redis-1.clients', false);
    await expect(askRedis(environment.endpoints.redis.nodes[0]!, 'PING')).rejects.toThrow();
    // By the Sentinels' own clocks: long enough to have noticed twice.
    for (const [index, sentinel] of environment.sentinels.entries()) {
      const untilMs = Number(before[index]!['role-reported-time']) + 2 * DOWN_AFTER_MS;
      const seen = await until(async () => {
        const master = await masterSeenBy(sentinel);
        return Number(master['role-reported-time']) >= untilMs ? master : undefined;
      });
      expect(seen).toMatchObject({ flags: 'master', 'config-epoch': before[index]!['config-epoch'] });
    }
    expect(await nameOf(environment, 'redis-master')).toBe('redis-1');
    // The other side of the same node is open.
    expect(
      await askRedis({ ...environment.ownEndpoints['producer-2']!.redis.nodes[0]!, password: 'p w' }, 'PING'),
    ).toBe('PONG');
  });

  it('cutting the peers off moves the master, while clients still reach the old one; healed, it follows', async () => {
    await using environment = await startNativeEnvironment({ ...bed, redis: sentinelSpec });
    const [old] = environment.nodes;
    await setLink(environment, 'redis-1.peers', false);
    const moved = await until(async () => {
      const name = await nameOf(environment, 'redis-master');
      return name === 'redis-1' ? undefined : name;
    });
    expect(['redis-2', 'redis-3']).toContain(moved);
    expect(await roleOf(old!)).toBe('master');
    const clients = { ...environment.endpoints.redis.nodes[0]!, password: 'p w' };
    expect(await askRedis(clients, 'SET', 'written', 'on the wrong side')).toBe('OK');

    await setLink(environment, 'redis-1.peers', true);
    await until(async () => ((await roleOf(old!)) === 'slave' ? true : undefined));
    await until(async () => ((await askRedis(old!.direct, 'EXISTS', 'written')) === 0 ? true : undefined));
  });

  it('a killed master is replaced, and comes back as a replica; so does a Sentinel as one of three', async () => {
    await using environment = await startNativeEnvironment({ ...bed, redis: { ...sentinelSpec, ownLinks: [] } });
    const [old] = environment.nodes;
    const [sentinel] = environment.sentinels;
    sentinel!.process!.signal('SIGKILL');
    old!.process!.signal('SIGKILL');
    await old!.process!.exited();
    await until(async () => {
      const name = await nameOf(environment, 'redis-master');
      return name === 'redis-1' ? undefined : name;
    });
    await Promise.all([old!.process!.start(), sentinel!.process!.start()]);
    await until(async () => ((await roleOf(old!)) === 'slave' ? true : undefined));
    await until(async () => {
      const [seen, moved] = await Promise.all([masterSeenBy(sentinel!), resolveNode(environment, 'redis-master')]);
      return Number(seen.port) === moved.peers!.port && seen['num-other-sentinels'] === '2' ? true : undefined;
    });
  });
});
