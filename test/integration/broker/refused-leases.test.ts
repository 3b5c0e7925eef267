import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageBroker, Subscription } from '../../../broker/index.js';
import { connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker } = await connect(server));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

const PARTITIONS = 6;
const TIMES = { leaseDurationMs: 600, leaseStopMs: 400, leaseRenewMs: 100 };

/** A user whose access to leases can be taken away, and nothing else: its member goes on beating. */
async function userOf(name: string) {
  const set = async (...rules: string[]) => {
    await using admin = server.client();
    await admin.redis.call('ACL', 'SETUSER', name, ...rules);
  };
  await set('reset', 'on', '>secret', '+@all', 'allkeys', 'allchannels');
  const others = ['topic', 'log', 'groups', 'pos', 'retry', 'dlq', 'quarantine', 'members'];
  return {
    address: { ...server.address, username: name, password: 'secret' },
    refuseLeases: () => set('resetkeys', ...others.map((key) => `~g:{*}:${key}*`)),
    allowAll: () => set('allkeys'),
  };
}

describe('a member that beats, and whose leases are refused', () => {
  it('loses its partitions to the others, and is given some again when it can hold them', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: PARTITIONS });
    const user = await userOf('sick');
    const { broker: sickly, events } = await connect(server, { redis: user.address });
    await using _sickly = sickly;
    const journal = new Journal();
    const options = { ...TIMES, healthPolicy: { unleased: 'drain' }, drainMs: 500, closeTimeoutMs: 300 } as const;
    const well = [
      await broker.subscribe(topic, 'g', journal.record, options),
      await broker.subscribe(topic, 'g', journal.record, options),
    ];
    await using sick = await sickly.subscribe(topic, 'g', () => {}, options);
    await eventually(() => [...well, sick].every(({ partitions }) => partitions.length === 2));

    await user.refuseLeases();
    const ownedByWell = () => well.reduce((sum, { partitions }) => sum + partitions.length, 0);
    await eventually(() => ownedByWell() === PARTITIONS && sick.partitions.length === 0);
    const seenOfSick = () => well[0]!.health().members.find(({ isDraining }) => isDraining);
    await eventually(() => seenOfSick()?.findings[0]?.kind === 'unleased');
    expect(events).toContainEqual(expect.objectContaining({ kind: 'member-health', state: 'unleased' }));
    const messages = numbered(120, 60);
    await publishAll(broker, topic, messages);
    await eventually(() => new Set(journal.ids).size === messages.length);

    await user.allowAll();
    await eventually(() => [...well, sick].every(({ partitions }) => partitions.length === 2));
    await eventually(() => well[0]!.health().members.every(({ state }) => state === 'healthy'));
    await Promise.all(well.map((member) => member.close()));
  });

  it('and none is told of where all are well', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: PARTITIONS });
    const { broker: sound, events } = await connect(server);
    await using _ = sound;
    const members: Subscription[] = [];
    for (let i = 0; i < 3; i++) members.push(await sound.subscribe(topic, 'g', () => {}, TIMES));
    await eventually(() => members.every(({ partitions }) => partitions.length === 2));
    await members.pop()!.close();
    await eventually(() => members.every(({ partitions }) => partitions.length === 3));
    expect(events.filter(({ kind }) => kind === 'member-health')).toEqual([]);
  });
});
