import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, connect, freshTopic, Journal, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const withId = (id: string, dedupeId: string) => ({ id, dedupeId, payload: Buffer.from(id) });

describe('messages with a dedupeId', () => {
  it('are stored and handled once, whoever publishes them, and however often', async () => {
    const { broker } = await connect(server);
    const { broker: other } = await connect(server);
    await using _ = broker;
    await using __ = other;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 8 });
    const first = await publishAll(
      broker,
      topic,
      Array.from({ length: 100 }, (_v, i) => withId(`a${i}`, `order-${i}`)),
    );
    const mixed = Array.from({ length: 200 }, (_v, i) => withId(`b${i}`, `order-${i}`));
    const second = await publishAll(other, topic, mixed);
    const isDuplicate = (outcome: (typeof first)[number]) => outcome.kind === 'accepted' && outcome.receipt.duplicate;
    expect(first.filter(isDuplicate)).toEqual([]);
    expect(second.map((outcome) => isDuplicate(outcome) === true)).toEqual(mixed.map((_m, i) => i < 100));
    const expected = [
      ...Array.from({ length: 100 }, (_v, i) => `a${i}`),
      ...Array.from({ length: 100 }, (_v, i) => `b${i + 100}`),
    ].sort();
    expect((await collect(broker.inventory(topic, 'g'))).map(({ id }) => id).sort()).toEqual(expected);
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => journal.handled.length >= 200);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(journal.ids.sort()).toEqual(expected);
  });

  it('are handled without a gap beside messages that have none', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 10 }, (_v, i) => ({
        id: `${round}-${i}`,
        key: 'k',
        payload: Buffer.alloc(5),
        ...(i % 3 === 0 && { dedupeId: `${Math.floor(round / 2)}-${i}` }),
      }));
      await publishAll(broker, topic, batch);
    }
    const expected: string[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++) if (i % 3 !== 0 || round % 2 === 0) expected.push(`${round}-${i}`);
    }
    await eventually(() => journal.handled.length >= expected.length);
    expect(journal.ids).toEqual(expected);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });

  it('are stored again, once, by the replay of a log that lost them with their ids', async () => {
    await using own = await RedisServer.start();
    const { broker, events } = await connect(own);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const batch = Array.from({ length: 20 }, (_v, i) => withId(`m${i}`, `order-${i % 10}`));
    await publishAll(broker, topic, batch);
    await own.kill();
    await own.start();
    const [again] = await publishAll(broker, topic, [withId('again', 'order-3')]);
    expect(again).toMatchObject({ kind: 'accepted', receipt: { duplicate: true } });
    await broker.createTopic(topic, { partitions: 1 });
    const held = (await collect(broker.inventory(topic, 'g'))).map(({ id }) => id);
    expect(held).toEqual(batch.slice(0, 10).map(({ id }) => id));
    expect(events.filter(({ kind }) => kind === 'acknowledged-loss')).toEqual([]);
  });
});
