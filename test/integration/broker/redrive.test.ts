import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireCall, type ScriptCall } from '../../../broker/groups/lease-scripts.js';
import type { DeadLetter, DeadLetters, MessageBroker, RedriveSummary } from '../../../broker/index.js';
import { type GroupKeys, groupKeys } from '../../../broker/log/keys.js';
import { redriveCall } from '../../../broker/recovery/redrive-script.js';
import { collect, connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let probe: ReturnType<RedisServer['client']>;
let redis: Redis;
let broker: MessageBroker;
beforeAll(async () => {
  server = await RedisServer.start();
  probe = server.client();
  redis = probe.redis;
  ({ broker } = await connect(server));
});
afterAll(async () => {
  await broker.close();
  await probe[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

let topic: string;
let keys: GroupKeys;
beforeEach(() => {
  topic = freshTopic();
  keys = groupKeys(topic, 0, 'g');
});

/** A group without members, with dead letters 1-0, 2-0 and so on. */
async function stocked(count: number): Promise<DeadLetters> {
  await broker.createTopic(topic, { partitions: 1 });
  await redis.hset(keys.groups, 'g', 1);
  for (let i = 1; i <= count; i++) {
    await redis.xadd(keys.deadLetters, `${i}-0`, 'position', `${i}-0:0`, 'evidence', '{}', 'message', `m${i}`);
  }
  return await broker.deadLetters(topic, 'g');
}

async function fill(count: number): Promise<void> {
  await redis.eval('for i = 1, ARGV[1] do redis.call("HSET", KEYS[1], "f" .. i, "x") end', 1, keys.retry, count);
}

function run({ script, keys: names, args }: ScriptCall): Promise<unknown> {
  return redis.eval(script.source, names.length, ...names, ...(args as string[]));
}

async function move(letters: DeadLetters, name: string, mostRetries?: number): Promise<unknown> {
  return run(redriveCall(keys, 'g', 'dead-letters', await known(letters), name, mostRetries));
}

/** Those that somebody has read before they were moved. */
const read = new WeakMap<DeadLetters, DeadLetter[]>();
async function known(letters: DeadLetters): Promise<DeadLetter[]> {
  const all = read.get(letters) ?? (await collect(letters.list()));
  read.set(letters, all);
  return all;
}

describe('the script of a redrive', () => {
  it('answers a call that is sent again as it did before, and writes something', async () => {
    const letters = await stocked(3);
    await redis.hset(keys.retry, '2-0:0', '1 row');
    expect(await move(letters, 'call-1')).toEqual([1, -1, 1]);
    // What it has moved may have been handled since.
    await redis.hdel(keys.retry, '1-0:0');
    await redis.pexpire(`${keys.redriveCalls}call-1`, 60_000);
    expect(await move(letters, 'call-1')).toEqual([1, -1, 1]);
    expect(await redis.hlen(keys.retry)).toBe(2);
    expect(await redis.pttl(`${keys.redriveCalls}call-1`)).toBeGreaterThan(60_000);
    expect(await move(letters, 'call-2')).toEqual([0, -1, 0]);
  });

  it('puts back as many as there is room for', async () => {
    const letters = await stocked(4);
    await redis.hset(keys.retry, '9-0:0', '1 row');
    expect(await move(letters, 'call-1', 3)).toEqual([1, 1, -3, -3]);
    expect(await redis.xlen(keys.deadLetters)).toBe(2);
    expect(await move(letters, 'call-2', 10)).toEqual([0, 0, 1, 1]);
  });

  it('leaves it to the next owner to take in what it has put back', async () => {
    const letters = await stocked(3);
    await redis.hset(keys.retry, '9-0:0', '1 row');
    await redis.hset(keys.lease, 'redriven', 6);
    await move(letters, 'call-1', 2);
    await move(letters, 'call-2', 10);
    const acquire = () => run(acquireCall(keys, 'g', 'a', 2_000, { kind: 'acquire', expected: undefined }));
    const [, , , , rows, redriven] = (await acquire()) as [number, string, string, string[], string[], string];
    expect([rows, redriven]).toEqual([['9-0:0', '1 row'], '6']);
    await redis.zremrangebyscore(keys.redriven, '-inf', 7);
    const [, , , , later, next] = (await acquire()) as [number, string, string, string[], string[], string];
    expect([later.filter((_, i) => i % 2 === 0).toSorted(), next]).toEqual([['1-0:0', '9-0:0'], '7']);
  });
});

describe('a redrive', () => {
  it('reads on where its connection breaks', async () => {
    const letters = await stocked(150);
    const refs: string[] = [];
    for await (const { ref } of letters.list()) {
      if (refs.length === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      refs.push(ref);
    }
    expect(refs).toEqual(Array.from({ length: 150 }, (_, i) => `0/${i + 1}-0`));
  });

  it('looks up what is named, and nothing else', async () => {
    const letters = await stocked(150);
    await redis.config('RESETSTAT');
    expect(await letters.get('0/140-0')).toMatchObject({ position: '140-0:0' });
    const stats = await redis.info('commandstats');
    expect(stats).toMatch(/cmdstat_xrange:calls=1,/);
    expect(stats).not.toMatch(/cmdstat_xrevrange/);
    const two = await collect(letters.list({ refs: ['0/20-0', '0/3-0', '0/20-0', '0/999-0'] }));
    expect(two.map(({ ref }) => ref)).toEqual(['0/3-0', '0/20-0']);
  });

  it('waits for room, says so, and goes on when there is some', async () => {
    const letters = await stocked(5);
    await fill(9_998);
    const told: RedriveSummary[] = [];
    const summary = await letters.redrive(
      {},
      {
        canaries: 0,
        perSecond: 50,
        onProgress: async (progress) => {
          told.push(progress);
          if (told.length === 3) await redis.hdel(keys.retry, 'f1', 'f2', 'f3');
        },
      },
    );
    expect(told[0]).toMatchObject({ redriven: 2, waiting: 3 });
    expect(summary).toEqual({ found: 5, redriven: 5, gone: 0, busy: 0, waiting: 0, stoppedBy: undefined });
  });

  it('stops where no room comes', async () => {
    const letters = await stocked(5);
    await fill(10_000);
    const summary = await letters.redrive({}, { canaries: 0, roomTimeoutMs: 1 });
    expect(summary).toMatchObject({ redriven: 0, waiting: 5, stoppedBy: 'full' });
    expect(await redis.xlen(keys.deadLetters)).toBe(5);
  });

  it('stops after the batch under way where its broker closes', async () => {
    await stocked(100);
    const other = await connect(server);
    const letters = await other.broker.deadLetters(topic, 'g');
    let closing: Promise<void> | undefined;
    const onProgress = () => {
      closing ??= other.broker.close();
    };
    const summary = await letters.redrive({}, { canaries: 0, perSecond: 20, onProgress });
    await closing;
    expect(summary).toMatchObject({ redriven: 2, stoppedBy: 'aborted' });
    expect(await redis.xlen(keys.deadLetters)).toBe(98);
    await expect(letters.redrive({})).rejects.toMatchObject({ code: 'closed' });
  });

  it('is taken in as far as there is room for it in its owner, and then on', async () => {
    await broker.createTopic(topic, { partitions: 1 });
    const fail = () => {
      throw new Error('the shop is closed');
    };
    const failing = await broker.subscribe(topic, 'g', fail, { maxAttempts: 1, breaker: false });
    const large = numbered(250, 250).map((one) => ({ ...one, payload: Buffer.alloc(1_000) }));
    await publishAll(broker, topic, large);
    await eventually(async () => (await redis.xlen(keys.deadLetters)) === 250);
    await failing.close();
    const letters = await broker.deadLetters(topic, 'g');
    await letters.redrive({}, { canaries: 0, perSecond: 100_000 });
    expect(await redis.zcard(keys.redriven)).toBe(250);

    const journal = new Journal();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handle = async (incoming: Parameters<typeof journal.record>[0]) => {
      await held;
      journal.record(incoming);
    };
    await using _ = await broker.subscribe(topic, 'g', handle, { prefetchBytes: 1 });
    // The first redrives are more than the 64 KiB that an owner may hold at the least.
    await eventually(async () => (await redis.zcard(keys.redriven)) === 150);
    release();
    await eventually(() => journal.handled.length === 250);
    await eventually(async () => (await redis.zcard(keys.redriven)) === 0);
    expect(new Set(journal.ids).size).toBe(250);
  });
});
