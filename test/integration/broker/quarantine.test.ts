import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, DeadLetter, DeadLetters, IncomingMessage, MessageBroker } from '../../../broker/index.js';
import { groupKeys } from '../../../broker/log/keys.js';
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

async function topicOf(): Promise<[topic: string, letters: DeadLetters]> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 1 });
  return [topic, await broker.deadLetters(topic, 'g')];
}

const aside = (letters: DeadLetters) => collect(letters.list({ shelf: 'quarantine' }));
const isSetAside = (topic: string) => (event: BrokerEvent) => event.kind === 'quarantined' && event.topic === topic;

describe('a handler that hangs', () => {
  function hanging(): { hang(): Promise<void>; release(): void } {
    const waiting: (() => void)[] = [];
    return {
      hang: () => new Promise((resolve) => waiting.push(resolve)),
      release: () => {
        for (const resolve of waiting.splice(0)) resolve();
      },
    };
  }

  it('is told of; its message is set aside where that is asked for, and its key waits until it returns', async () => {
    const [topic, letters] = await topicOf();
    const journal = new Journal();
    const { hang, release } = hanging();
    const handle = (incoming: IncomingMessage) => {
      journal.record(incoming);
      return incoming.id === 'm1' ? hang() : undefined;
    };
    await using _ = await broker.subscribe(topic, 'g', handle, { hangingMs: 50, onHang: 'quarantine' });
    await publishAll(broker, topic, numbered(6, 3));
    await eventually(async () => (await aside(letters)).length === 1);
    const [letter] = await aside(letters);
    expect(letter).toMatchObject({ id: 'm1', evidence: { reason: 'hanging' } });
    expect(letter!.evidence!.runningMs).toBeGreaterThanOrEqual(50);
    expect(events.find((event) => event.kind === 'message-hanging' && event.topic === topic)).toMatchObject({
      id: 'm1',
      key: 'k1',
      isSetAside: true,
    });
    // All but the next one of its key.
    expect(journal.ids.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3', 'm5']);
    release();
    await eventually(() => journal.ids.includes('m4'));
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 1);
    expect(await aside(letters)).toHaveLength(1);
  });

  it('is only told of otherwise, once', async () => {
    const [topic, letters] = await topicOf();
    const { hang, release } = hanging();
    await using _ = await broker.subscribe(topic, 'g', hang, { hangingMs: 50 });
    await publishAll(broker, topic, [message('slow')]);
    const told = () => events.filter((event) => event.kind === 'message-hanging' && event.topic === topic);
    await eventually(() => told().length > 0);
    expect(told()).toMatchObject([{ id: 'slow', isSetAside: false }]);
    release();
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(await aside(letters)).toEqual([]);
    expect(told()).toHaveLength(1);
  });
});

describe('a message that fails alike on several consumers', () => {
  const RETRIES = { breaker: false, retryBudget: false, maxAttempts: 1_000, retryBaseMs: 5, retryCapMs: 10 } as const;

  it('is set aside with attempts left, where others are handled', async () => {
    const [topic, letters] = await topicOf();
    const journal = new Journal();
    const handle = (incoming: IncomingMessage) => {
      journal.record(incoming);
      if (incoming.id === 'bad') throw new TypeError(`no price for ${incoming.attempt}`);
    };
    const first = await broker.subscribe(topic, 'g', handle, RETRIES);
    await publishAll(broker, topic, [message('bad'), ...numbered(30, 3)]);
    await eventually(() => journal.ids.filter((id) => id === 'bad').length >= 5 && journal.ids.includes('m29'));
    expect(await aside(letters)).toEqual([]);
    await first.close();
    await using _ = await broker.subscribe(topic, 'g', handle, RETRIES);
    await publishAll(broker, topic, numbered(30, 3, 'late'));
    await eventually(async () => (await aside(letters)).length === 1);
    const [letter] = await aside(letters);
    expect(letter).toMatchObject({ id: 'bad', evidence: { reason: 'same-failure' } });
    expect(letter!.reason).toMatch(/^TypeError: no price for/);
    expect(new Set(letter!.failures.map(({ consumer }) => consumer)).size).toBe(2);
    expect(events.filter(isSetAside(topic))).toMatchObject([{ id: 'bad', reason: 'same-failure' }]);
  });

  it('is tried on where everything fails', async () => {
    const [topic, letters] = await topicOf();
    const journal = new Journal();
    const fail = (incoming: IncomingMessage) => {
      journal.record(incoming);
      throw new Error('the shop is closed');
    };
    const failures = () => journal.handled.length;
    await publishAll(broker, topic, numbered(5, 5));
    const first = await broker.subscribe(topic, 'g', fail, RETRIES);
    await eventually(() => failures() > 50);
    await first.close();
    const before = failures();
    await using _ = await broker.subscribe(topic, 'g', fail, RETRIES);
    await eventually(() => failures() > before + 100);
    expect(await aside(letters)).toEqual([]);
  });
});

describe('what lies in quarantine', () => {
  /** One message that is too large, and an entry that no broker has written. */
  async function setAside() {
    const [topic, letters] = await topicOf();
    await using probe = server.client();
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record, { maxMessageBytes: 500 });
    const large = { id: 'large', key: 'k', payload: Buffer.alloc(500, 'x'), headers: { from: 'shop' } };
    await publishAll(broker, topic, [message('small', 'k'), large, message('next', 'k')]);
    await probe.redis.xadd(groupKeys(topic, 0, 'g').log, '*', 'nonsense', '\u0000bytes');
    await eventually(async () => (await aside(letters)).length === 2);
    await eventually(() => journal.handled.length === 2);
    const [oversized, undecodable] = (await aside(letters)) as [DeadLetter, DeadLetter];
    return { topic, letters, oversized, undecodable };
  }

  it('is shown with all that is known, released with a fresh budget, or discarded for a reason, on the record', async () => {
    const { topic, letters, oversized, undecodable } = await setAside();
    expect(oversized).toMatchObject({ id: 'large', headers: { from: 'shop' }, evidence: { reason: 'oversized' } });
    expect(undecodable).toMatchObject({ id: undefined, evidence: { reason: 'bad-entry' } });
    const by = 'ada';
    await expect(letters.release({}, { by })).rejects.toMatchObject({ code: 'undecodable' });
    await expect(letters.redrive({ shelf: 'quarantine' })).rejects.toThrow(`${undecodable.ref} cannot be decoded`);
    await expect(letters.discard({}, { by, reason: ' ' })).rejects.toMatchObject({ code: 'bad-option' });
    expect(await aside(letters)).toHaveLength(2);
    expect(await letters.audit()).toEqual([]);

    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record, { maxMessageBytes: 500 });
    expect(await letters.release({ refs: [oversized.ref] }, { by, reason: 'room now' })).toMatchObject({ redriven: 1 });
    expect(journal.handled).toEqual([{ id: 'large', key: 'k', attempt: 2 }]);
    expect(await letters.discard({}, { by, reason: 'nobody wrote it' })).toBe(1);
    expect(await aside(letters)).toEqual([]);
    expect(await letters.audit()).toMatchObject([
      {
        action: 'release',
        by,
        reason: 'room now',
        filter: { refs: [oversized.ref], count: 1 },
        outcome: { redriven: 1 },
      },
      { action: 'discard', by, reason: 'nobody wrote it', filter: { shelf: 'quarantine' }, outcome: 1 },
    ]);
  });

  it('and dead letters are redriven and purged on the record, too, also where that fails', async () => {
    const [topic, letters] = await topicOf();
    const fail = () => Promise.reject(new Error('closed'));
    await using subscription = await broker.subscribe(topic, 'g', fail, { maxAttempts: 1 });
    await publishAll(broker, topic, numbered(3, 3));
    await eventually(async () => (await collect(letters.list())).length === 3);
    await letters.redrive({}, { dryRun: true });
    await letters.redrive({}, { canaries: 1 });
    await subscription.close();
    await broker.deleteGroup(topic, 'g');
    await expect(letters.redrive({})).rejects.toMatchObject({ code: 'group-missing' });
    await letters.purge({}, { confirm: true, by: 'ada' });
    expect(await letters.audit()).toMatchObject([
      { action: 'redrive', by: 'unnamed', outcome: { redriven: 1, stoppedBy: 'canary-failed' } },
      { action: 'redrive', outcome: { error: expect.stringContaining('no such group') } },
      { action: 'purge', by: 'ada', outcome: 3 },
    ]);
  });
});
