import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const KEYS = 20;

let server: RedisServer;
let probe: ReturnType<RedisServer['client']>;
beforeAll(async () => {
  server = await RedisServer.start();
  probe = server.client();
});
afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const idsOf = (messages: readonly { readonly id?: string | undefined }[]) => messages.map(({ id }) => id);

async function deleteLogs(topic: string, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++)
    await probe.redis.del(partitionKeys(topic, partition).log);
}

describe('a log that an operator deletes', () => {
  it('gets again what nobody has handled, in order, before what is new', async () => {
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const before = numbered(50, KEYS, 'before');
    const after = numbered(50, KEYS, 'after');
    await publishAll(broker, topic, before);
    await deleteLogs(topic, 1);
    expect((await publishAll(broker, topic, after)).every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(idsOf(await collect(broker.inventory(topic, 'g')))).toEqual(idsOf([...before, ...after]));
    expect(events.filter(({ kind }) => kind === 'acknowledged-loss')).toEqual([]);
  });

  it('gets again what other producers had in it, with their next message', async () => {
    const [first, second] = [await connect(server), await connect(server)];
    await using _first = first.broker;
    await using _second = second.broker;
    const topic = freshTopic();
    await first.broker.createTopic(topic, { partitions: 1 });
    await publishAll(first.broker, topic, numbered(3, 1, 'a'));
    await publishAll(second.broker, topic, numbered(3, 1, 'b'));
    await deleteLogs(topic, 1);
    await publishAll(first.broker, topic, numbered(1, 1, 'c'));
    await publishAll(second.broker, topic, numbered(1, 1, 'd'));
    const held = idsOf(await collect(first.broker.inventory(topic, 'g')));
    expect(held).toEqual(['a0', 'a1', 'a2', 'c0', 'b0', 'b1', 'b2', 'd0']);
  });

  it('again and again under load: everything is handled once, in order', async () => {
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    const published: string[] = [];
    for (let round = 0; round < 40; round++) {
      const batch = numbered(KEYS, KEYS, `${round}-`);
      published.push(...batch.map(({ id }) => id!));
      const outcomes = publishAll(broker, topic, batch);
      if (round % 10 === 5) await deleteLogs(topic, 4);
      expect((await outcomes).every(({ kind }) => kind === 'accepted')).toBe(true);
    }
    // What was deleted behind the last message of a partition is found by the next one.
    const last = numbered(KEYS, KEYS, 'last-');
    await publishAll(broker, topic, last);
    published.push(...last.map(({ id }) => id!));
    await eventually(() => new Set(journal.ids).size === published.length);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(journal.handled).toHaveLength(published.length);
    for (let k = 0; k < KEYS; k++) {
      expect(journal.of(`k${k}`)).toEqual(published.filter((id) => Number(id.split('-')[1]) === k));
    }
    expect(events.filter(({ kind }) => kind === 'acknowledged-loss')).toEqual([]);
  });

  it('whose messages are not kept any more is reported, once, by topic, partition and range', async () => {
    const { broker, events } = await connect(server, { maxReplayBytes: 1 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await publishAll(broker, topic, numbered(50, KEYS, 'before'));
    // Its turn lets go of what was kept before.
    await publishAll(broker, topic, numbered(1, 1, 'between'));
    await deleteLogs(topic, 1);
    await publishAll(broker, topic, numbered(50, KEYS, 'after'));
    await publishAll(broker, topic, numbered(50, KEYS, 'later'));
    const losses = events.filter(({ kind }) => kind === 'acknowledged-loss');
    expect(losses).toEqual([
      { kind: 'acknowledged-loss', topic, partition: 0, firstSequence: 1, lastSequence: expect.any(Number) },
    ]);
    const [loss] = losses as { lastSequence: number }[];
    const held = idsOf(await collect(broker.inventory(topic, 'g')));
    // Each message is stored again, or reported.
    expect(held).toHaveLength(151 - loss!.lastSequence);
    expect(loss!.lastSequence).toBeGreaterThanOrEqual(50);
  });
});
