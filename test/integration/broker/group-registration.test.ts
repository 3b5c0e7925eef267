import { afterAll, beforeAll, expect, it } from 'vitest';
import { groupKeys, partitionKeys } from '../../../broker/log/keys.js';
import { connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A topic of three partitions, of which the second has something else in the place of one of the group's keys. */
async function open(blocked: 'groups' | 'retry' = 'groups') {
  const { broker } = await connect(server);
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 3 });
  const probe = server.client();
  const key = groupKeys(topic, 1, 'g')[blocked];
  const block = () => probe.redis.set(key, 'not a hash');
  await block();
  const heal = () => probe.redis.del(key);
  const registered = () =>
    Promise.all([0, 2].map((partition) => probe.redis.hkeys(partitionKeys(topic, partition).groups)));
  const logged = async () => {
    const lengths = await Promise.all([0, 1, 2].map((p) => probe.redis.xlen(partitionKeys(topic, p).log)));
    return lengths.reduce((sum, length) => sum + length, 0);
  };
  const dispose = async () => {
    await broker.close();
    await probe[Symbol.asyncDispose]();
  };
  return { broker, topic, block, heal, registered, logged, [Symbol.asyncDispose]: dispose };
}

it('a subscribe that fails half-way says which logs are kept for its group; subscribing again completes it', async () => {
  await using bed = await open();
  const { broker, topic, heal, registered, logged } = bed;
  const journal = new Journal();
  const left = `on partitions 0, 2: subscribe again, or deleteGroup('${topic}', 'g')`;
  await expect(broker.subscribe(topic, 'g', journal.record)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining(left),
  });
  expect(await registered()).toEqual([['g'], ['g']]);
  await heal();
  await broker.subscribe(topic, 'g', journal.record);
  await publishAll(broker, topic, numbered(30, 10));
  await eventually(async () => journal.handled.length === 30 && (await logged()) === 0);
});

it('what it has left behind goes with the group, and holds no log any more', async () => {
  await using bed = await open();
  const { broker, topic, heal, registered, logged } = bed;
  await expect(broker.subscribe(topic, 'g', () => {})).rejects.toMatchObject({ code: 'refused' });
  await heal();
  await broker.deleteGroup(topic, 'g');
  expect(await registered()).toEqual([[], []]);
  const journal = new Journal();
  await broker.subscribe(topic, 'other', journal.record);
  await publishAll(broker, topic, numbered(30, 10));
  await eventually(async () => journal.handled.length === 30 && (await logged()) === 0);
});

it('one that fails when the group is registered everywhere says so, too', async () => {
  await using bed = await open('retry');
  const { broker, topic } = bed;
  await expect(broker.subscribe(topic, 'g', () => {})).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('on partitions 0, 1, 2: subscribe again, or deleteGroup'),
  });
});

it('of a group that was there before nothing is said', async () => {
  await using bed = await open();
  const { broker, topic, heal, block } = bed;
  await heal();
  await (await broker.subscribe(topic, 'g', () => {})).close();
  await block();
  await expect(broker.subscribe(topic, 'g', () => {})).rejects.toMatchObject({
    code: 'refused',
    message: expect.not.stringContaining('registered'),
  });
});
