import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, Handler, MessageBroker, Subscription } from '../../../broker/index.js';
import type { OutgoingMessage } from '../../../broker/log/message.js';
import { connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
let events: BrokerEvent[];
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker, events } = await connect(server));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

/** Handlers that get into each other's way from the fifth on. */
function crowded(): { handler: Handler; most: () => number; handled: () => number } {
  let running = 0;
  let most = 0;
  let handled = 0;
  const handler = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5 * Math.max(1, running / 4)));
    running--;
    handled++;
  };
  return { handler, most: () => most, handled: () => handled };
}

async function backlogOf(count: number): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 4 });
  await publishAll(broker, topic, numbered(count, count));
  return topic;
}

const told = (topic: string) =>
  events.filter((event) => event.kind === 'concurrency').filter((event) => event.topic === topic);

describe('the handlers of a member', () => {
  it('become fewer where they get into the way of each other', async () => {
    const topic = await backlogOf(30_000);
    const { handler } = crowded();
    await using member = await broker.subscribe(topic, 'g', handler, { concurrency: { max: 128, initial: 48 } });
    expect(member.concurrency).toBe(48);
    await eventually(() => member.concurrency <= 24, 60_000);
    await eventually(() => told(topic).some(({ from, to }) => to < from), 10_000);
    expect(told(topic)[0]).toMatchObject({ group: 'g', from: 48 });
  });

  it('become more where they only wait', async () => {
    const topic = await backlogOf(30_000);
    const handler = () => new Promise<void>((resolve) => setTimeout(resolve, 30));
    await using member = await broker.subscribe(topic, 'g', handler, { concurrency: { min: 2, max: 64, initial: 4 } });
    await eventually(() => member.concurrency > 8, 60_000);
    await eventually(() => told(topic).some(({ from, to }) => to > from), 10_000);
  });

  it('go on beside as many that hang as there may be at a time', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let hanging = 0;
    const healthy = new Set<string>();
    const handler: Handler = async ({ id }) => {
      if (id.startsWith('hang')) {
        hanging++;
        return await released;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      healthy.add(id);
    };
    await using _ = await broker.subscribe(topic, 'g', handler, { concurrency: { max: 4, initial: 2 } });
    // It learns what handlers take.
    await publishAll(broker, topic, numbered(400, 400));
    await eventually(() => healthy.size === 400);
    await publishAll(broker, topic, [
      ...['hang1', 'hang2', 'hang3'].map((id) => message(id)),
      ...numbered(40, 40, 'later'),
    ]);
    await eventually(() => healthy.size === 440);
    expect(hanging).toBe(3);
    release();
  });

  it('stay as many as they are where that is a number', async () => {
    const topic = await backlogOf(1_000);
    const { handler, most, handled } = crowded();
    await using member = await broker.subscribe(topic, 'g', handler, { concurrency: 8 });
    await eventually(() => handled() === 1_000);
    expect([most(), member.concurrency, told(topic)]).toEqual([8, 8, []]);
  });

  it('keep a key in order, retries included, while their number changes', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    let member: Subscription | undefined;
    const journal = new Journal();
    const limits = new Set<number>();
    const handler: Handler = async (one) => {
      if (member !== undefined) limits.add(member.concurrency);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (one.attempt === 1 && one.id.endsWith('7')) throw new Error('once');
      journal.record(one);
    };
    const options = { concurrency: { max: 32, initial: 2 }, retryBaseMs: 20 };
    const subscription = await broker.subscribe(topic, 'g', handler, options);
    await using _ = subscription;
    member = subscription;
    const messages: OutgoingMessage[] = [];
    while (limits.size < 4) {
      const more = numbered(500, 5, `m${messages.length}-`);
      messages.push(...more);
      await publishAll(broker, topic, more);
      await eventually(() => journal.handled.length === messages.length, 30_000);
    }
    for (let k = 0; k < 5; k++) {
      expect(journal.of(`k${k}`)).toEqual(messages.filter(({ key }) => key === `k${k}`).map(({ id }) => id));
    }
  });

  it('are asked for by options that make sense', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const refused = broker.subscribe(topic, 'g', () => {}, { concurrency: { min: 9, max: 3 } });
    await expect(refused).rejects.toMatchObject({
      code: 'bad-option',
      message: 'concurrency.max 3: a whole number of at least 9',
    });
  });
});
