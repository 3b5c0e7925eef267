import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

async function open() {
  const { broker, events } = await connect(server);
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 2 });
  const deleted = () => events.filter(({ kind }) => kind === 'group-deleted');
  return { broker, topic, deleted };
}

async function keysOf(topic: string): Promise<string[]> {
  await using probe = server.client();
  return (await probe.redis.keys(`g:{${topic}.*`)).map((key) => key.replace(/^g:\{[^}]*\.(\d+)\}:/, '$1 ')).sort();
}

describe('a deleted group', () => {
  it('is gone from every partition, and the log keeps nothing for it', async () => {
    const { broker, topic } = await open();
    await using _ = broker;
    const abandoned = await broker.subscribe(topic, 'abandoned', () => {});
    await abandoned.close();
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await publishAll(broker, topic, numbered(100, 10));
    await eventually(() => journal.handled.length === 100);
    await using probe = server.client();
    expect(await probe.redis.xlen(partitionKeys(topic, 0).log)).toBeGreaterThan(0);
    await broker.deleteGroup(topic, 'abandoned');
    await publishAll(broker, topic, numbered(100, 10, 'more'));
    for (const partition of [0, 1]) {
      await eventually(async () => (await probe.redis.xlen(partitionKeys(topic, partition).log)) === 0);
      expect(await probe.redis.hkeys(partitionKeys(topic, partition).groups)).toEqual(['g']);
    }
    const left = (await keysOf(topic)).filter((key) => key.endsWith(':abandoned'));
    expect(left).toEqual(['0 lease:abandoned', '1 lease:abandoned']);
    expect(await probe.redis.pttl(`g:{${topic}.0}:lease:abandoned`)).toBeGreaterThan(0);
    await broker.deleteGroup(topic, 'abandoned');
    await broker.deleteGroup(topic, 'never-there');
  });

  it('keeps its dead letters unless they are to go, too', async () => {
    const { broker, topic } = await open();
    await using _ = broker;
    const subscription = await broker.subscribe(topic, 'g', async () => {
      throw Object.assign(new Error('never'), { permanent: true });
    });
    await broker.publish(topic, message('bad'));
    const letters = async () => (await collect(broker.inventory(topic, 'g'))).map(({ place }) => place);
    await eventually(async () => (await letters()).includes('dead-letters'));
    await subscription.close();
    await broker.deleteGroup(topic, 'g');
    expect(await letters()).toContain('dead-letters');
    await broker.deleteGroup(topic, 'g', { deadLetters: true });
    expect(await letters()).not.toContain('dead-letters');
  });

  it('can be made again, from the start of the log', async () => {
    const { broker, topic, deleted } = await open();
    await using _ = broker;
    await (await broker.subscribe(topic, 'g', () => {})).close();
    await broker.deleteGroup(topic, 'g');
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await publishAll(broker, topic, numbered(10, 5));
    await eventually(() => journal.handled.length === 10);
    expect(deleted()).toEqual([]);
    await using probe = server.client();
    expect(await probe.redis.pttl(`g:{${topic}.0}:lease:g`)).toBe(-1);
  });
});

describe('a group with a living member', () => {
  it('is not deleted: nothing of it is touched, and the owner is named', async () => {
    const { broker, topic, deleted } = await open();
    await using _ = broker;
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await expect(broker.deleteGroup(topic, 'g')).rejects.toMatchObject({
      code: 'group-in-use',
      message: expect.stringMatching(/member \S+ owns partition 0: close its subscription, or give 'force: true'/),
    });
    await publishAll(broker, topic, numbered(10, 5));
    await eventually(() => journal.handled.length === 10);
    expect(deleted()).toEqual([]);
  });

  it('is deleted by force: its members end with an event, and do not make it again', async () => {
    const { broker, topic, deleted } = await open();
    await using _ = broker;
    const journal = new Journal();
    const member = await broker.subscribe(topic, 'g', journal.record);
    const waiting = await broker.subscribe(topic, 'g', journal.record);
    await broker.deleteGroup(topic, 'g', { force: true });
    await eventually(() => deleted().length === 2);
    expect(deleted()[0]).toEqual({ kind: 'group-deleted', topic, group: 'g' });
    await Promise.all([member.close(), waiting.close()]);
    await publishAll(broker, topic, numbered(10, 5));
    await using probe = server.client();
    expect(await probe.redis.hkeys(partitionKeys(topic, 0).groups)).toEqual([]);
    expect(journal.handled).toEqual([]);
  });

  it('is deleted when that member died without closing', async () => {
    const { broker, topic } = await open();
    await using _ = broker;
    await (await broker.subscribe(topic, 'g', () => {})).close();
    await using probe = server.client();
    for (const partition of [0, 1]) {
      await probe.redis.hset(`g:{${topic}.${partition}}:lease:g`, {
        owner: 'dead',
        token: '9',
        count: '4',
        duration: '50',
      });
    }
    await broker.deleteGroup(topic, 'g');
    expect(await probe.redis.hkeys(partitionKeys(topic, 0).groups)).toEqual([]);
  });
});
