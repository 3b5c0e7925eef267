import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadLetters, IncomingMessage, MessageBroker, Subscription } from '../../../broker/index.js';
import { groupKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const EXPIRE = readFileSync(new URL('../../../broker/recovery/expire-dead-letters.lua', import.meta.url), 'utf8');
/** Every message is to be given up. */
const RETRIES = { maxAttempts: 2, retryBaseMs: 1, retryCapMs: 2, breaker: false, retryBudget: false } as const;

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

/** A group whose handler fails as long as `isBroken`, with `count` messages that it has given up. */
class GivenUp {
  readonly topic = freshTopic();
  readonly journal = new Journal();
  isBroken = true;
  subscription!: Subscription;

  readonly handle = (incoming: IncomingMessage): void => {
    this.journal.record(incoming);
    if (!this.isBroken) return;
    if (incoming.key === 'k0') throw new TypeError(`no price for ${incoming.id}`);
    throw new Error(`shop ${incoming.id} is closed`);
  };

  static async make(count: number, partitions = 2): Promise<[GivenUp, DeadLetters]> {
    const given = new GivenUp();
    await broker.createTopic(given.topic, { partitions });
    given.subscription = await broker.subscribe(given.topic, 'g', given.handle, RETRIES);
    await publishAll(broker, given.topic, numbered(count, 3));
    const letters = await broker.deadLetters(given.topic, 'g');
    await eventually(async () => (await collect(letters.list())).length === count);
    return [given, letters];
  }
}

describe('dead letters', () => {
  it('show the message and why it was given up, by cause', async () => {
    const [, letters] = await GivenUp.make(9);
    const all = await collect(letters.list());
    const one = all.find(({ id }) => id === 'm3')!;
    expect(one).toMatchObject({ key: 'k0', attempts: 2, reason: 'TypeError: no price for m3' });
    expect(String(one.payload)).toBe('payload of m3');
    expect(one.failures.map(({ attempt, error }) => [attempt, error])).toEqual([
      [1, 'TypeError'],
      [2, 'TypeError'],
    ]);
    expect(one.failures[0]!.frames[0]).toMatch(/handle \(dead-letters\.test\.ts/);
    expect(await letters.get(one.ref)).toEqual(one);
    const kinds = await letters.kinds();
    expect(kinds.map(({ count, reason }) => [count, reason.replace(/m\d/, 'm')])).toEqual([
      [6, 'Error: shop m is closed'],
      [3, 'TypeError: no price for m'],
    ]);
    const ofKind = await collect(letters.list({ fingerprint: kinds[1]!.fingerprint }));
    expect(ofKind.map(({ id }) => id).toSorted()).toEqual(['m0', 'm3', 'm6']);
  });

  it('go back to a living owner with a fresh budget, and count their attempts on', async () => {
    const [given, letters] = await GivenUp.make(9);
    given.isBroken = false;
    const summary = await letters.redrive({}, { perSecond: 10_000 });
    expect(summary).toEqual({ found: 9, redriven: 9, gone: 0, busy: 0, waiting: 0, stoppedBy: undefined });
    await eventually(async () => (await collect(broker.inventory(given.topic, 'g'))).length === 0);
    const last = new Map(given.journal.handled.map(({ id, attempt }) => [id, attempt]));
    expect([...last.values()]).toEqual(Array(9).fill(3));
    expect(given.journal.handled).toHaveLength(27);
  });

  it('go back one at a time, and come again when the cause is still there', async () => {
    const [given, letters] = await GivenUp.make(6, 1);
    const summary = await letters.redrive({}, { canaries: 2 });
    expect(summary).toMatchObject({ redriven: 2, stoppedBy: 'canary-failed' });
    await eventually(async () => (await collect(letters.list())).length === 6);
    const attempts = (await collect(letters.list())).map((letter) => letter.attempts);
    expect(attempts).toEqual([2, 2, 2, 2, 4, 4]);
    const tried = given.journal.handled.filter(({ attempt }) => attempt > 2).map(({ id }) => id);
    const canary = given.journal.handled.filter(({ id }) => id === tried[0]);
    expect(canary.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  });

  it('that fail again are not put back once more by the same redrive', async () => {
    const [given, letters] = await GivenUp.make(100, 1);
    const summary = await letters.redrive({}, { canaries: 0, perSecond: 200 });
    expect(summary).toMatchObject({ found: 100, redriven: 100, stoppedBy: undefined });
    await eventually(async () => (await collect(letters.list())).length === 100);
    expect(given.journal.handled).toHaveLength(400);
  });

  it('go back to nobody, and are there for the next member', async () => {
    const [given, letters] = await GivenUp.make(3);
    await given.subscription.close();
    expect(await letters.redrive({}, { canaries: 0 })).toMatchObject({ redriven: 3 });
    expect(await letters.redrive({}, { canaries: 0 })).toMatchObject({ found: 0 });
    const journal = new Journal();
    await using _ = await broker.subscribe(given.topic, 'g', journal.record);
    await eventually(() => journal.handled.length === 3);
    expect(journal.handled.map(({ attempt }) => attempt)).toEqual([3, 3, 3]);
  });

  it('stay where they are when their group is no more', async () => {
    const [given, letters] = await GivenUp.make(3);
    await given.subscription.close();
    await broker.deleteGroup(given.topic, 'g');
    await expect(letters.redrive({})).rejects.toMatchObject({ code: 'group-missing' });
    expect(await collect(letters.list())).toHaveLength(3);
  });

  it('are moved once by two who redrive them at once', async () => {
    const [given, letters] = await GivenUp.make(60);
    given.isBroken = false;
    const options = { canaries: 0, perSecond: 2_000 };
    const [a, b] = await Promise.all([letters.redrive({}, options), letters.redrive({}, options)]);
    expect(a.redriven + b.redriven).toBe(60);
    expect(a.busy + b.busy).toBe(0);
    await eventually(async () => (await collect(broker.inventory(given.topic, 'g'))).length === 0);
    expect(given.journal.handled.filter(({ attempt }) => attempt === 3)).toHaveLength(60);
  });

  it('stay where they are in a dry run, and are thrown away only with a word', async () => {
    const [, letters] = await GivenUp.make(6);
    const { fingerprint } = (await letters.kinds())[0]!;
    expect(await letters.redrive({ fingerprint }, { dryRun: true })).toMatchObject({ found: 4, redriven: 0 });
    await expect(letters.purge({ fingerprint }, { confirm: false })).rejects.toMatchObject({ code: 'bad-option' });
    expect(await collect(letters.list())).toHaveLength(6);
    expect(await letters.purge({ fingerprint }, { confirm: true })).toBe(4);
    expect((await letters.kinds()).map(({ count }) => count)).toEqual([2]);
  });

  it.each([
    ['older', { deadLetterMaxAgeMs: 1 }],
    ['more', { deadLetterMaxBytes: 1 }],
  ])('that are %s than they are kept are thrown away, which is told', async (_, kept) => {
    const [given, letters] = await GivenUp.make(6, 1);
    await given.subscription.close();
    const other = await connect(server);
    await using _broker = other.broker;
    await other.broker.subscribe(given.topic, 'g', () => {}, kept);
    await eventually(async () => (await collect(letters.list())).length === 0);
    await eventually(() => other.events.some(({ kind }) => kind === 'dead-letters-expired'));
    const told = other.events.find(({ kind }) => kind === 'dead-letters-expired');
    expect(told).toEqual({ kind: 'dead-letters-expired', topic: given.topic, group: 'g', partition: 0, count: 6 });
  });

  it('that are neither stay', async () => {
    const [given, letters] = await GivenUp.make(3, 1);
    await using probe = server.client();
    const stream = groupKeys(given.topic, 0, 'g').deadLetters;
    for (const limits of [[3_600_000, 1_000_000] as const, ['', ''] as const]) {
      expect(await probe.redis.eval(EXPIRE, 1, stream, ...limits)).toBe(0);
    }
    expect(await collect(letters.list())).toHaveLength(3);
    expect(await probe.redis.eval(EXPIRE, 1, 'nothing', 1, 1)).toBe(0);
  });

  it('are not found by nonsense, which is refused with what was expected', async () => {
    const [, letters] = await GivenUp.make(1, 1);
    for (const ref of ['m0', '1/1-1', '0/x', '']) {
      await expect(collect(letters.list({ refs: [ref] }))).rejects.toThrow(/names no dead letter/);
    }
    for (const options of [{ perSecond: 0 }, { canaries: -1 }, { canaryTimeoutMs: Number.NaN }]) {
      await expect(letters.redrive({}, options)).rejects.toMatchObject({ code: 'bad-option' });
    }
    expect(await letters.get('0/1-1')).toBeUndefined();
  });

  it.each([
    ['key', 1],
    ['none', 4],
  ] as const)(
    'go back while others of their key are handled: with ordering %s at most %i at a time',
    async (ordering, most) => {
      const [given, letters] = await GivenUp.make(9, 1);
      await given.subscription.close();
      let running = 0;
      let mostRunning = 0;
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const handled: string[] = [];
      const handle = async ({ id, key }: IncomingMessage) => {
        if (key !== 'k0') return;
        mostRunning = Math.max(mostRunning, ++running);
        await released;
        await new Promise(setImmediate);
        running--;
        handled.push(id);
      };
      await using _ = await broker.subscribe(given.topic, 'g', handle, { ordering });
      await publishAll(broker, given.topic, [message('later', 'k0')]);
      await eventually(() => running === 1);
      await letters.redrive({}, { canaries: 0, perSecond: 10_000 });
      await using probe = server.client();
      const { redriven } = groupKeys(given.topic, 0, 'g');
      await eventually(async () => (await probe.redis.zcard(redriven)) === 0);
      await eventually(() => running === most);
      release();
      await eventually(() => handled.length === 4);
      expect(handled.toSorted()).toEqual(['later', 'm0', 'm3', 'm6']);
      expect(mostRunning).toBe(most);
    },
  );
});
