import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../broker/log/message.js';
import type { PublishOutcome } from '../../../broker/log/outgoing-frame.js';
import { collect, connect, freshTopic, message, publishAll } from '../../fixtures/broker-bed.js';
import { RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** As callers without types send them, and what the error has to name. */
const MALFORMED: readonly (readonly [message: unknown, named: string])[] = [
  [null, 'message 0 of 1: message: an object is needed, not null'],
  ['text', "message: an object is needed, not 'text'"],
  [{ id: 'm', payload: 'text' }, "message m: payload: a Buffer is needed, not 'text'"],
  [{ id: 42, payload: Buffer.alloc(0) }, 'message 0 of 1: id: a string is needed, not 42'],
  [{ id: null, payload: Buffer.alloc(0) }, 'id: a string is needed, not null'],
  [{ id: Symbol('s'), payload: Buffer.alloc(0) }, 'id: a string is needed, not Symbol(s)'],
  [{ id: 'm', key: null, payload: Buffer.alloc(0) }, 'message m: key: a string is needed, not null'],
  [{ id: 'm', key: 42, payload: Buffer.alloc(0) }, 'key: a string is needed, not 42'],
  [{ id: 'm', dedupeId: 7n, payload: Buffer.alloc(0) }, 'dedupeId: a string is needed, not 7n'],
  [{ id: 'm', headers: null, payload: Buffer.alloc(0) }, 'headers: an object of strings is needed, not null'],
  [{ id: 'm', headers: { a: 'b', n: 1 }, payload: Buffer.alloc(0) }, 'headers.n: a string is needed, not 1'],
  [{ id: 'm', headers: { u: undefined }, payload: Buffer.alloc(0) }, 'headers.u: a string is needed, not undefined'],
  [
    { id: 'm', priority: 'high', payload: Buffer.alloc(0) },
    "priority: a whole number from 0 to 255 is needed, not 'high'",
  ],
];

const untyped = (value: unknown): OutgoingMessage => value as OutgoingMessage;

function codeOf(outcome: PublishOutcome): string {
  return outcome.kind === 'accepted' ? outcome.kind : outcome.error.code;
}

describe('a malformed message', () => {
  it('is refused alone and by name, as the first one of its topic and as a later one', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    for (const [given, named] of MALFORMED) {
      const topic = freshTopic();
      await broker.createTopic(topic, { partitions: 1 });
      for (let time = 0; time < 2; time++) {
        await expect(broker.publish(topic, untyped(given))).rejects.toMatchObject({
          name: 'BrokerError',
          code: 'bad-option',
          retriable: false,
          message: expect.stringContaining(named),
        });
      }
    }
    expect(broker.bufferedBytes).toBe(0);
  });

  it('takes none of its batch with it', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await broker.openTopic(topic);
    const malformed = MALFORMED.map(([given]) => untyped(given));
    const outcomes = await publishAll(broker, topic, [message('first', 'k'), ...malformed, message('last', 'k')]);
    expect(outcomes.map(codeOf)).toEqual(['accepted', ...malformed.map(() => 'bad-option'), 'accepted']);
    expect((await collect(broker.inventory(topic, 'g'))).map(({ id }) => id)).toEqual(['first', 'last']);
  });

  it('is refused when its turn comes, where the batch has to wait for room', async () => {
    const { broker } = await connect(server, { maxBufferedBytes: 1 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await broker.openTopic(topic);
    const malformed = MALFORMED.map(([given]) => untyped(given));
    const filling = publishAll(broker, topic, [message('filling')]);
    const waiting = publishAll(broker, topic, [message('first', 'k'), ...malformed, message('last', 'k')]);
    const behind = publishAll(broker, topic, [message('behind')]);
    expect(broker.capacity()).toBeInstanceOf(Promise);
    expect((await filling).map(codeOf)).toEqual(['accepted']);
    expect((await waiting).map(codeOf)).toEqual(['accepted', ...malformed.map(() => 'bad-option'), 'accepted']);
    expect((await behind).map(codeOf)).toEqual(['accepted']);
    expect(broker.bufferedBytes).toBe(0);
  });

  it('is no batch where there is no array of messages', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const publish = () => broker.publishBatch(freshTopic(), untyped(message('m')) as never, () => {});
    expect(publish).toThrow('messages: an array is needed, not object');
  });
});
