import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment, RedisNode } from '../../../../harness/environment/environment.js';
import { startNativeEnvironment } from '../../../../harness/environment/native.js';
import { askRedis, redisInfo } from '../../../../harness/environment/redis-probe.js';
import { resolveNode } from '../../../../harness/environment/resolve-node.js';
import type { RedisSpec } from '../../../../harness/scenario/scenario.js';
import { setLink } from '../../../fixtures/links.js';
import { eventually, openServerBed, ownServers, type ServerBed } from '../../../fixtures/server-bed.js';

/** Long enough that no stall of the machine passes for a dead node. */
const NODE_TIMEOUT_MS = 4000;

const cluster: RedisSpec = {
  topology: 'cluster',
  masters: 3,
  replicas: 1,
  config: { 'cluster-node-timeout': String(NODE_TIMEOUT_MS) },
};

const nameOf = async (environment: Environment, role: string) => (await resolveNode(environment, role)).name;
const roleOf = async ({ direct }: RedisNode) => (await redisInfo(direct, 'replication')).get('role');

/** The line that a node has of another: id, address, flags, master, ping, pong (ms of the epoch), epoch, link, slots. */
async function lineOf(port: number, { direct }: RedisNode): Promise<string[]> {
  const lines = String(await askRedis(direct, 'CLUSTER', 'NODES')).split('\n');
  return (lines.find((line) => line.includes(`:${port}@`)) ?? '').split(' ');
}

/** A server that does not answer at once, or closes its connections since it is demoted, is asked again. */
const until = <T>(condition: () => Promise<T | undefined>): Promise<T> =>
  eventually(() => condition().catch(() => undefined));

let bed: ServerBed;
beforeAll(async () => {
  bed = await openServerBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

describe('cluster', () => {
  it('starts as a whole cluster behind proxies, and leaves nothing behind', async () => {
    const before = ownServers();
    const environment = await startNativeEnvironment({ ...bed, redis: cluster });
    expect(ownServers()).toHaveLength(before.length + 1 + 6);
    const { redis } = environment.endpoints;
    expect(redis).toMatchObject({ topology: 'cluster', replicas: 1 });
    expect(redis.nodes.map(({ name }) => name)).toEqual([1, 2, 3, 4, 5, 6].map((number) => `redis-${number}`));

    // A key of the third shard, asked of the first: what it names is redis-3, to be had through its client proxy.
    const refusal = await askRedis(redis.nodes[0]!, 'SET', 'a', 'v').catch((error: Error) => error.message);
    const [address = ''] = /127\S+$/.exec(String(refusal)) ?? [];
    const { host, port } = redis.nodes[2]!;
    expect(redis.natMap![address]).toEqual({ host, port });
    expect(await askRedis({ host, port }, 'SET', 'a', 'v')).toBe('OK');

    const client = new Cluster([...redis.nodes], { natMap: redis.natMap! });
    client.on('error', () => {});
    expect(await client.get('a')).toBe('v');
    client.disconnect();

    const roles = ['redis-master', 'redis-master-2', 'redis-master-3', 'redis-replica', 'redis-replica-3'];
    expect(await Promise.all(roles.map((role) => nameOf(environment, role)))).toEqual([
      'redis-1',
      'redis-2',
      'redis-3',
      'redis-4',
      'redis-6',
    ]);
    await expect(nameOf(environment, 'redis-master-4')).rejects.toMatchObject({ code: 'no-such-node' });

    await environment[Symbol.asyncDispose]();
    expect(ownServers()).toEqual(before);
    expect(readdirSync(join(bed.registry.dir, 'children'))).toEqual([]);
  });

  it('cutting the clients off causes no failover', async () => {
    await using environment = await startNativeEnvironment({ ...bed, redis: cluster });
    const [first, ...others] = environment.nodes;
    const { port } = first!.peers!;
    const before = await lineOf(port, others[0]!);
    await setLink(environment, 'redis-1.clients', false);
    await expect(askRedis(environment.endpoints.redis.nodes[0]!, 'PING')).rejects.toThrow();
    // Heard of by every other node, long after it would have been held for failing.
    for (const other of others) {
      const line = await until(async () => {
        const now = await lineOf(port, other);
        return Number(now[5]) >= Number(before[5]) + 2 * NODE_TIMEOUT_MS ? now : undefined;
      });
      expect(line[2]).toBe('master');
    }
    expect(await nameOf(environment, 'redis-master')).toBe('redis-1');
  });

  it('cutting the peers off moves the shard’s master; healed, the old one follows', async () => {
    await using environment = await startNativeEnvironment({ ...bed, redis: cluster });
    const [old] = environment.nodes;
    await setLink(environment, 'redis-1.peers', false);
    await until(async () => ((await nameOf(environment, 'redis-master')) === 'redis-4' ? true : undefined));
    expect(await roleOf(old!)).toBe('master');
    expect(await askRedis(environment.endpoints.redis.nodes[0]!, 'PING')).toBe('PONG');
    expect(await nameOf(environment, 'redis-master-2')).toBe('redis-2');

    await setLink(environment, 'redis-1.peers', true);
    await until(async () => ((await roleOf(old!)) === 'slave' ? true : undefined));
    await until(async () => ((await nameOf(environment, 'redis-replica')) === 'redis-1' ? true : undefined));
  });
});
