import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, Handler, MessageBroker } from '../../../broker/index.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
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

async function aTopic(partitions = 1): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions });
  return topic;
}

function told<K extends BrokerEvent['kind']>(kind: K, topic: string): Extract<BrokerEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<BrokerEvent, { kind: K }> => {
    return event.kind === kind && 'topic' in event && event.topic === topic;
  });
}

interface Evidence {
  readonly attempts: number;
  readonly failures: readonly { readonly attempt: number; readonly error: string; readonly message: string }[];
}

/** What is said of each dead letter, in the order in which they became one. */
async function evidenceOf(topic: string): Promise<Evidence[]> {
  await using probe = server.client();
  const entries = await probe.redis.xrange(`g:{${topic}.0}:dlq:g`, '-', '+');
  return entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('evidence') + 1]!) as Evidence);
}

/** Looking at that property throws. */
function hostile(property: string): object {
  const get = () => {
    throw new Error('hands off');
  };
  return Object.defineProperty({}, property, { enumerable: true, get });
}

function throwing(value: unknown): () => never {
  return () => {
    throw value;
  };
}

const hidden = new Proxy({}, { getPrototypeOf: throwing(new Error('hands off')) });
const UNSEEN = 'it cannot be shown: it throws when it is looked at';

describe('a handler that throws what is no error', () => {
  it.each<[string, Handler, string, string]>([
    ['undefined', throwing(undefined), 'undefined', 'the handler threw undefined'],
    ['null', throwing(null), 'null', 'null'],
    ['a string', throwing('disk full'), 'string', 'disk full'],
    ['an object', throwing({ status: 503 }), 'object', '{ status: 503 }'],
    ['an object that cannot be made a string', throwing(hostile('toString')), 'object', '{ toString: [Getter] }'],
    ['an object that cannot be looked at', throwing(hidden), UNSEEN, UNSEEN],
    ['an object that is frozen', throwing(Object.freeze({ status: 503 })), 'object', '{ status: 503 }'],
    ['an error that is frozen', throwing(Object.freeze(new RangeError('frozen'))), 'RangeError', 'frozen'],
    ['a rejection with undefined', () => Promise.reject(undefined), 'undefined', 'the handler threw undefined'],
    ['a promise that cannot be waited for', () => hostile('then') as Promise<void>, 'Error', 'hands off'],
  ])('%s: its attempts are counted, the dead letter says what it was, and its key goes on', async (...row) => {
    const [, handler, error, text] = row;
    const topic = await aTopic();
    const journal = new Journal();
    const options = { maxAttempts: 2, retryBaseMs: 1, retryCapMs: 1 };
    const first: Handler = (one) => (one.id === 'bad' ? handler(one) : journal.record(one));
    await using member = await broker.subscribe(topic, 'g', first, options);
    await publishAll(broker, topic, [message('bad', 'k'), message('next', 'k')]);
    await eventually(() => journal.ids.includes('next'));
    await eventually(() => told('dead-lettered', topic).length === 1);
    expect(await evidenceOf(topic)).toMatchObject([
      {
        attempts: 2,
        failures: [
          { attempt: 1, error, message: text },
          { attempt: 2, error, message: text },
        ],
      },
    ]);
    expect(member.inFlight).toBe(0);
  });

  it('and one that returns what is no promise has handled its message', async () => {
    const topic = await aTopic();
    const then = 'no function';
    const values: unknown[] = [0, false, 'no', { then }, Symbol('s'), () => {}];
    let calls = 0;
    await using _ = await broker.subscribe(topic, 'g', () => values[calls++] as undefined);
    await publishAll(broker, topic, numbered(values.length, 1));
    await eventually(() => calls === values.length);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(told('dead-lettered', topic)).toEqual([]);
  });

  it.each([undefined, null, {}, 'handle'])('and what is no handler is refused: %s', async (none) => {
    const topic = await aTopic();
    const refused = broker.subscribe(topic, 'g', none as unknown as Handler);
    await expect(refused).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('handler: a function is needed'),
    });
    await using probe = server.client();
    expect(await probe.redis.hkeys(`g:{${topic}.0}:groups`)).toEqual([]);
  });
});

describe('a handler that never returns', () => {
  it('holds its key and one of the places, and nothing else', async () => {
    const topic = await aTopic();
    const journal = new Journal();
    const hangs: Handler = (one) => (one.id === 'stuck' ? new Promise<void>(() => {}) : journal.record(one));
    await using member = await broker.subscribe(topic, 'g', hangs, {
      concurrency: 2,
      stuckHandlerMs: 100,
      leaseRenewMs: 100,
      closeTimeoutMs: 100,
    });
    await publishAll(broker, topic, [message('stuck', 'a'), message('behind', 'a'), ...numbered(200, 200)]);
    await eventually(() => journal.handled.length === 200);
    expect(journal.ids).not.toContain('behind');
    await eventually(() => member.health().members[0]?.state === 'stuck');
    expect(member.inFlight).toBe(1);
  });

  it('is waited for by close, and not for ever; its message is the next member’s, and it is not counted', async () => {
    const topic = await aTopic();
    let finish = () => {};
    const hangs: Handler = () => new Promise<void>((resolve) => (finish = resolve));
    const member = await broker.subscribe(topic, 'g', hangs, { closeTimeoutMs: 300 });
    await publishAll(broker, topic, [message('stuck', 'a'), message('behind', 'a')]);
    await eventually(() => member.inFlight === 1);
    await member.close();
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => journal.handled.length === 2);
    expect(journal.handled.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['stuck', 1],
      ['behind', 1],
    ]);
    // What comes after all finds nobody there any more.
    finish();
    await eventually(() => member.inFlight === 0);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });
});

describe('a group that is deleted while its handlers run', () => {
  it('ends: what they return or throw is recorded nowhere, and the topic goes on', async () => {
    const topic = await aTopic(2);
    const ends: (() => void)[] = [];
    const waits: Handler = ({ id }) =>
      new Promise<void>((resolve, reject) => ends.push(() => (id === 'm0' ? reject(undefined) : resolve())));
    const member = await broker.subscribe(topic, 'g', waits, { maxAttempts: 1 });
    const others = new Journal();
    await using _ = await broker.subscribe(topic, 'others', others.record);
    await publishAll(broker, topic, numbered(8, 8));
    await eventually(() => ends.length === 8);
    await broker.deleteGroup(topic, 'g', { force: true });
    await eventually(() => told('group-deleted', topic).length === 1);
    for (const end of ends) end();
    await member.close();
    expect([member.partitions, member.inFlight]).toEqual([[], 0]);
    await publishAll(broker, topic, numbered(8, 8, 'later'));
    await eventually(() => others.handled.length === 16);
    expect(ends).toHaveLength(8);
    expect(told('dead-lettered', topic)).toEqual([]);
    await using probe = server.client();
    const left = await probe.redis.keys(`g:{${topic}*:g`);
    expect(left.every((key) => key.includes(':lease:'))).toBe(true);
  });
});

describe('leases shorter than the beats that keep them', () => {
  it.each([
    [{ leaseDurationMs: 300 }, 'leaseStopMs 1400: below leaseDurationMs (300)'],
    [{ leaseRenewMs: 5_000 }, 'leaseRenewMs 5000: below leaseStopMs (1400)'],
    [{ sessionTimeoutMs: 500 }, 'sessionTimeoutMs 500: at least leaseDurationMs (2000)'],
  ])('are refused before anything is registered: %o', async (options, text) => {
    const topic = await aTopic();
    await expect(broker.subscribe(topic, 'g', () => {}, options)).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(text),
    });
    await using probe = server.client();
    expect(await probe.redis.hkeys(`g:{${topic}.0}:groups`)).toEqual([]);
  });
});
