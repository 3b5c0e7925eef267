import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import { MessageBroker } from '../../../../broker/index.js';
import { ClusterDirectory } from '../../../../broker/redis/cluster-directory.js';
import type { ClusterEndpoint } from '../../../../broker/redis/network.js';
import { type ClusterBed, call, openClusterBed } from '../../../fixtures/cluster-bed.js';
import { eventually, type RedisServer } from '../../../fixtures/redis-server.js';

let bed: ClusterBed;
beforeAll(async () => {
  bed = await openClusterBed();
}, 300_000);
afterAll(() => bed?.[Symbol.asyncDispose]());

const WITHIN_MS = 60_000;
const FIRST_SLOT = 0;

function open(endpoint: ClusterEndpoint = bed.endpoint): ClusterDirectory {
  return new ClusterDirectory(endpoint, { endpoint, clock: systemClock, random: Math.random, onEvent: () => {} });
}

const named = (directory: ClusterDirectory, slot = FIRST_SLOT) => directory.masterOf(slot)?.port;

it('names the master of every slot and follows failovers and migrations', async () => {
  const [a, b, , aReplica] = bed.servers as [RedisServer, RedisServer, RedisServer, RedisServer];
  await using directory = open();
  await directory.ready(WITHIN_MS);
  expect([0, 8_000, 16_383].map((slot) => named(directory, slot))).toEqual(
    bed.servers.slice(0, 3).map(({ port }) => port),
  );
  const census = () => directory.census(directory.masterOf(FIRST_SLOT)!);
  await eventually(() => census().configured === 1);
  expect(census().down).toBe(0);

  // Killed: its replica takes over, and the old master is a replica of that one that is down.
  await a.kill();
  await eventually(() => named(directory) === aReplica.port);
  await eventually(() => census().down === 1);
  expect(census().configured).toBe(1);

  // It comes back as the master that it was, and is not believed.
  const seen = new Set<number | undefined>();
  const stop = directory.onChange(() => seen.add(named(directory)));
  await a.start();
  await bed.settled();
  stop();
  expect(seen.has(a.port)).toBe(false);
  await eventually(() => census().down === 0);
  expect(census().configured).toBe(1);

  // Stopped, with all its sockets open; it wakes up as master, and is not believed.
  aReplica.signal('SIGSTOP');
  await eventually(() => named(directory) === a.port);
  aReplica.signal('SIGCONT');
  await bed.settled();
  expect(named(directory)).toBe(a.port);

  // By hand.
  await eventually(async () => (await call(aReplica, 'CLUSTER', 'FAILOVER')) === 'OK');
  await eventually(() => named(directory) === aReplica.port);
  await bed.settled();

  // One slot moves to another master; asked for, as after MOVED.
  const target = await call(b, 'CLUSTER', 'MYID');
  const source = await call(aReplica, 'CLUSTER', 'MYID');
  await call(b, 'CLUSTER', 'SETSLOT', String(FIRST_SLOT), 'IMPORTING', source);
  await call(aReplica, 'CLUSTER', 'SETSLOT', String(FIRST_SLOT), 'MIGRATING', target);
  await call(b, 'CLUSTER', 'SETSLOT', String(FIRST_SLOT), 'NODE', target);
  await call(aReplica, 'CLUSTER', 'SETSLOT', String(FIRST_SLOT), 'NODE', target);
  directory.refresh();
  await eventually(() => named(directory) === b.port);
  expect(named(directory, FIRST_SLOT + 1)).toBe(aReplica.port);
  expect(directory.masters()).toHaveLength(3);
}, 400_000);

it('learns the others where only one of the nodes that it is told answers', async () => {
  const cluster = [{ host: '127.0.0.1', port: 1 }, bed.servers[2]!.address];
  await using directory = open({ cluster });
  await directory.ready(WITHIN_MS);
  expect(directory.masters()).toHaveLength(3);
});

it('says which nodes it did not reach, and why', async () => {
  await using directory = open({ cluster: [{ host: '127.0.0.1', port: 1 }] });
  await expect(directory.ready(300)).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/127\.0\.0\.1:1: .*ECONNREFUSED/),
  });
});

it('a wrong password ends connecting at once', async () => {
  const redis = { ...bed.endpoint, username: 'nobody', password: 'wrong' };
  await expect(MessageBroker.connect({ redis, connectTimeoutMs: 600_000 })).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/^127\.0\.0\.1:\d+: WRONGPASS/),
  });
});
