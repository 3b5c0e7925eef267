import { afterAll, beforeAll, expect, it } from 'vitest';
import type {
  Driver,
  DriverContext,
  IncomingMessage,
  Outcome,
  StoredMessage,
} from '../../../../harness/drivers/driver.js';
import { openDriver } from '../../../../harness/drivers/load-driver.js';
import * as reference from '../../../../harness/drivers/reference.js';
import { collect, freshTopic } from '../../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

it('prepares, publishes, consumes in two workers, and tells what is left', async () => {
  const topic = freshTopic();
  await using control = await driver(topic, 'control');
  await control.prepare!(never);
  const stop = new AbortController();
  const handled: Pick<IncomingMessage, 'id' | 'key' | 'attempt'>[] = [];
  const consumers = await Promise.all(
    [0, 1].map(async (index) => {
      const consumer = await driver(topic, 'consumer', index);
      let isReady = false;
      const done = consumer.consume!(
        ({ id, key, attempt, payload }) => {
          if (id === 'poison') throw Object.assign(new Error('cannot parse'), { permanent: true });
          expect(payload.toString()).toBe(id);
          handled.push({ id, key, attempt });
        },
        () => {
          isReady = true;
        },
        stop.signal,
      );
      await eventually(() => isReady);
      return { consumer, done };
    }),
  );
  const source = await driver(topic, 'producer');
  const producer = await source.producer!(never);
  const ids = [...Array.from({ length: 200 }, (_, i) => `m${i}`), 'poison'];
  const outcomes = new Map<number, Outcome>();
  producer.publish(
    ids.map((id, i) => ({ id, key: i % 3 === 0 ? undefined : `k${i % 20}`, payload: Buffer.from(id), priority: 0 })),
    (index, outcome) => outcomes.set(index, outcome),
  );
  await eventually(() => outcomes.size === ids.length && handled.length === 200);
  expect([...outcomes.values()].every(({ kind }) => kind === 'accepted')).toBe(true);
  expect(producer.capacity!()).toBeUndefined();
  await eventually(async () => (await inventory(topic)).some(({ place }) => place === 'dead-letters'));
  stop.abort();
  for (const { consumer, done } of consumers) {
    await done;
    await consumer[Symbol.asyncDispose]();
  }
  await producer[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  expect(new Set(handled.map(({ id }) => id)).size).toBe(200);
  expect(handled).toHaveLength(200);
  expect(await inventory(topic)).toEqual([{ id: 'poison', payload: Buffer.from('poison'), place: 'dead-letters' }]);
});

it('calls a consumer ready when it has the partitions that are to be its own', async () => {
  const topic = freshTopic();
  await using control = await driver(topic, 'control');
  await control.prepare!(never);
  const stop = new AbortController();
  const owned = [new Set<number>(), new Set<number>()];
  const count = (index: number) => (line: string) => {
    const { kind, partition } = JSON.parse(line) as { kind: string; partition: number };
    if (kind === 'acquired') owned[index]!.add(partition);
    if (kind === 'handed-over') owned[index]!.delete(partition);
  };
  const consumers: { readonly consumer: Driver; readonly done: Promise<void> }[] = [];
  for (const index of [0, 1]) {
    const consumer = await driver(topic, 'consumer', index, count(index));
    await new Promise<void>((ready) => {
      consumers.push({ consumer, done: consumer.consume!(() => {}, ready, stop.signal) });
    });
  }
  expect(owned.map(({ size }) => size)).toEqual([2, 2]);
  expect(new Set(owned.flatMap((partitions) => [...partitions])).size).toBe(4);
  stop.abort();
  for (const { consumer, done } of consumers) {
    await done;
    await consumer[Symbol.asyncDispose]();
  }
});

it('finds what nobody has consumed in the log', async () => {
  const topic = freshTopic();
  await using source = await driver(topic, 'producer');
  await source.prepare!(never);
  const producer = await source.producer!(never);
  let accepted = 0;
  producer.publish([{ id: 'one', key: 'k', payload: Buffer.from('1'), priority: 0 }], () => accepted++);
  await eventually(() => accepted === 1);
  expect(await inventory(topic)).toEqual([{ id: 'one', payload: Buffer.from('1'), place: 'log' }]);
});

it('shows in its gauges how often acknowledged messages were lost that the broker does not keep any more', async () => {
  const topic = freshTopic();
  await using source = await driver(topic, 'producer');
  await source.prepare!(never);
  expect(source.gauges!()).toEqual({ bufferedBytes: 0, acknowledgedLosses: 0 });
  const producer = await source.producer!(never);
  let accepted = 0;
  // More than the broker keeps for a replay.
  const payload = Buffer.alloc(1_000_000);
  const publish = (count: number) => {
    const batch = Array.from({ length: count }, (_, i) => ({ id: `m${i}`, key: 'k', payload, priority: 0 }));
    producer.publish(batch, () => accepted++);
  };
  publish(100);
  await eventually(() => accepted === 100);
  await using probe = server.client();
  for (const key of await probe.redis.keys(`g:{${topic}.*}:log`)) await probe.redis.del(key);
  publish(1);
  await eventually(() => accepted === 101);
  expect(source.gauges!()).toMatchObject({ acknowledgedLosses: 1 });
});

const never = new AbortController().signal;

function driver(
  topic: string,
  role: DriverContext['role'],
  index = 0,
  log: (line: string) => void = () => {},
): Promise<Driver> {
  return openDriver('reference', reference, {
    role,
    topic,
    group: 'g',
    endpoints: { redis: { topology: 'standalone', nodes: [{ name: 'redis-1', ...server.address }] } },
    options: { partitions: 4 },
    worker: { index, count: role === 'consumer' ? 2 : 1, incarnation: 0 },
    concurrency: 8,
    log,
    signal: never,
  });
}

async function inventory(topic: string): Promise<StoredMessage[]> {
  await using reader = await driver(topic, 'inventory');
  return await collect(reader.inventory!(never));
}
