import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Handler, MessageBroker } from '../../../broker/index.js';
import { collect, connect, freshTopic, Journal, message, publishAll } from '../../fixtures/broker-bed.js';
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

async function aTopic(): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 1 });
  return topic;
}

const places = async (topic: string) => (await collect(broker.inventory(topic, 'g'))).map(({ place }) => place);

/** The first member fails it, and closes while it waits for the next attempt; a second one comes. */
async function passedOn(ordering: 'key' | 'none'): Promise<{ before: string[]; after: Journal['handled'] }> {
  const topic = await aTopic();
  const [first, second] = [new Journal(), new Journal()];
  const fails: Handler = (one) => {
    if (one.id === 'bad') throw new Error('not here');
    first.record(one);
  };
  // The next attempt is an hour away: it comes when the next member takes the retry up, which waits for no longer than its cap.
  const member = await broker.subscribe(topic, 'g', fails, { ordering, retryBaseMs: 3_600_000, retryCapMs: 3_600_000 });
  await publishAll(broker, topic, [message('bad', 'a'), message('later', 'a'), message('beside', 'b')]);
  await eventually(() => first.ids.includes(ordering === 'none' ? 'later' : 'beside'));
  await eventually(async () => (await places(topic)).includes('retry'));
  await member.close();
  await using _ = await broker.subscribe(topic, 'g', second.record, { ordering, retryCapMs: 10 });
  await eventually(async () => (await places(topic)).length === 0);
  return { before: first.ids, after: second.handled };
}

describe('a message that is retried', () => {
  it('keeps its key waiting with ordering key, also across a change of owner, and keeps its attempts', async () => {
    const { before, after } = await passedOn('key');
    expect(before).toEqual(['beside']);
    expect(after.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['bad', 2],
      ['later', 1],
    ]);
  });

  it('is passed by later ones with ordering none, and keeps its attempts across a change of owner', async () => {
    const { before, after } = await passedOn('none');
    expect(before.toSorted()).toEqual(['beside', 'later']);
    expect(after.map(({ id, attempt }) => [id, attempt])).toEqual([['bad', 2]]);
  });

  it.each(['key', 'none'] as const)(
    'becomes a dead letter with ordering %s, and what is behind it goes on',
    async (ordering) => {
      const topic = await aTopic();
      const journal = new Journal();
      const attempts: number[] = [];
      const handler: Handler = (one) => {
        if (one.id !== 'bad') return journal.record(one);
        attempts.push(one.attempt);
        throw new Error('never');
      };
      const options = { ordering, maxAttempts: 3, retryBaseMs: 1, retryCapMs: 1 };
      await using _ = await broker.subscribe(topic, 'g', handler, options);
      await publishAll(broker, topic, [message('bad', 'a'), message('later', 'a')]);
      await eventually(async () => (await places(topic)).join() === 'dead-letters');
      expect([attempts, journal.ids]).toEqual([[1, 2, 3], ['later']]);
    },
  );
});

describe('messages of one key', () => {
  it.each([
    ['key', 1],
    ['none', 4],
  ] as const)('run with ordering %s %d at a time', async (ordering, expected) => {
    const topic = await aTopic();
    let running = 0;
    let most = 0;
    let handled = 0;
    const handler: Handler = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      handled++;
    };
    await using _ = await broker.subscribe(topic, 'g', handler, { ordering, concurrency: 4 });
    await publishAll(
      broker,
      topic,
      Array.from({ length: 40 }, (_, i) => message(`m${i}`, 'k')),
    );
    await eventually(() => handled === 40);
    expect(most).toBe(expected);
  });
});
