import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../broker/clock.js';
import { dedupeHash } from '../../../broker/log/dedupe-id.js';
import { type PartitionKeys, partitionKeys } from '../../../broker/log/keys.js';
import { pruneProducers, trimLog } from '../../../broker/log/maintenance.js';
import {
  type PublishReply,
  parsePublishReply,
  publishPrefix,
  publishScript,
  withDedupe,
  wrapPublish,
} from '../../../broker/log/publish-script.js';
import { loadTouch, parseTouchReply, sendTouch } from '../../../broker/log/touch-script.js';
import type { Link } from '../../../broker/redis/link.js';
import { redisNetwork } from '../../../broker/redis/redis-network.js';
import type { Reply } from '../../../broker/redis/wire-command.js';
import { freshTopic } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let replica: RedisServer;
let link: Link;
let keys: PartitionKeys;
let topic: string;

beforeAll(async () => {
  server = await RedisServer.start('--repl-diskless-sync-delay', '0');
  // Without a replica the server counts no offset; and it takes a new replication id when the first one comes.
  replica = await RedisServer.start('--replicaof', server.host, String(server.port));
  await using probe = replica.client();
  await eventually(async () => (await probe.redis.info('replication')).includes('master_link_status:up'));
  link = redisNetwork.openLink({
    name: 'test',
    address: server.address,
    replyTimeoutMs: 60_000,
    clock: systemClock,
    random: Math.random,
    onOpen: () => {},
    onClosed: () => {},
  });
  await link.whenOpen();
  await link.call('SCRIPT', 'LOAD', publishScript.source);
  loadTouch(link);
});
afterAll(async () => {
  link.close();
  await replica[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

interface Frame {
  readonly producer?: string;
  readonly prev: number;
  readonly first: number;
  readonly last: number;
  readonly bytes?: number;
  /** Application ids, by index. */
  readonly ids?: Readonly<Record<number, string>>;
}

function newLog(): void {
  topic = freshTopic();
  keys = partitionKeys(topic, 0);
}

async function publish(
  { producer = 'p', prev, first, last, bytes = 10, ids }: Frame,
  { maxLogBytes = 1_000_000, windowMs = 60_000, maxIds = 1_000 } = {},
): Promise<PublishReply> {
  const prefix = publishPrefix(keys, producer, maxLogBytes);
  const buffer = Buffer.alloc(1_000 + bytes);
  const records = Object.entries(ids ?? {}).flatMap(([index, id]) => {
    const at = Buffer.alloc(2);
    at.writeUInt16BE(Number(index));
    return [at, dedupeHash(id)];
  });
  const isPlain = ids === undefined;
  const command = wrapPublish(
    buffer,
    900,
    900 + bytes,
    isPlain ? prefix.plain : prefix.deduplicated,
    prev,
    first,
    last,
  );
  const wire = isPlain ? command : withDedupe(command, Buffer.concat(records), { windowMs, maxIds });
  return parsePublishReply(
    await new Promise<Reply>((resolve, reject) =>
      link.sendWire('evalsha', wire, (error, reply) => (error ? reject(error) : resolve(reply))),
    ),
  );
}

/** The header of each entry. */
async function headers(): Promise<string[]> {
  const page = (await link.call('XRANGE', keys.log, '-', '+')) as [Buffer, Buffer[]][];
  return page.map(([, [header]]) => String(header));
}

async function ids(): Promise<string[]> {
  const page = (await link.call('XRANGE', keys.log, '-', '+')) as [Buffer, unknown][];
  return page.map(([id]) => String(id));
}

describe('publish.lua', () => {
  it('appends what follows, knows what it has, and refuses what does not fit', async () => {
    newLog();
    expect(await publish({ prev: 0, first: 1, last: 3 })).toEqual({ outcome: 'appended', stored: 3, skip: [] });
    expect(await publish({ prev: 0, first: 1, last: 3 })).toEqual({ outcome: 'duplicate', stored: 3, skip: [] });
    expect(await publish({ prev: 3, first: 7, last: 8 })).toEqual({ outcome: 'appended', stored: 8, skip: [] });
    expect(await publish({ prev: 3, first: 4, last: 6 })).toEqual({ outcome: 'duplicate', stored: 8, skip: [] });
    expect(await publish({ prev: 3, first: 9, last: 9 })).toEqual({ outcome: 'mismatch', stored: 8, skip: [] });
    expect(await publish({ prev: 8, first: 8, last: 9 })).toEqual({ outcome: 'mismatch', stored: 8, skip: [] });
    expect(await publish({ producer: 'q', prev: 5, first: 6, last: 6 })).toMatchObject({
      outcome: 'mismatch',
      stored: 0,
    });
    expect(await headers()).toEqual(['p 0 1 3 0', 'p 3 7 2 10']);
  });

  it('writes in every branch, so that WAIT covers each answer', async () => {
    newLog();
    const offset = async () =>
      Number(/master_repl_offset:(\d+)/.exec(String(await link.call('INFO', 'replication')))?.[1]);
    for (const [frame, limits, outcome] of [
      [{ prev: 0, first: 1, last: 1 }, {}, 'appended'],
      [{ prev: 0, first: 1, last: 1 }, {}, 'duplicate'],
      [{ prev: 9, first: 10, last: 10 }, {}, 'mismatch'],
      [{ prev: 1, first: 2, last: 2 }, { maxLogBytes: 5 }, 'log-full'],
      [{ prev: 1, first: 2, last: 2, ids: { 0: 'a' } }, { maxIds: 0 }, 'window-full'],
    ] as const) {
      const before = await offset();
      expect((await publish(frame, limits)).outcome).toBe(outcome);
      expect(await offset()).toBeGreaterThan(before);
    }
  });

  it('counts the bytes of the log without looking at it, also when it is trimmed', async () => {
    newLog();
    const limits = { maxLogBytes: 250 };
    expect((await publish({ prev: 0, first: 1, last: 1, bytes: 100 }, limits)).outcome).toBe('appended');
    expect((await publish({ prev: 1, first: 2, last: 2, bytes: 100 }, limits)).outcome).toBe('appended');
    expect((await publish({ prev: 2, first: 3, last: 3, bytes: 100 }, limits)).outcome).toBe('log-full');
    expect((await publish({ prev: 2, first: 3, last: 3, bytes: 50 }, limits)).outcome).toBe('appended');
    const [first, second] = ((await link.call('XRANGE', keys.log, '-', '+')) as [Buffer, unknown][]).map(([id]) => id);
    await link.call('HSET', keys.groups, 'g', '1');
    await link.call('HSET', `${keys.positions}g`, 'low', first!);
    await trimLog(link, topic, 0);
    expect((await publish({ prev: 3, first: 4, last: 4, bytes: 100 }, limits)).outcome).toBe('appended');
    expect((await publish({ prev: 4, first: 5, last: 5, bytes: 1 }, limits)).outcome).toBe('log-full');
    await link.call('HSET', `${keys.positions}g`, 'low', '99999999999999-0');
    await trimLog(link, topic, 0);
    expect(await headers()).toEqual([]);
    expect((await publish({ prev: 4, first: 5, last: 5, bytes: 250 }, limits)).outcome).toBe('appended');
    expect(second).toBeDefined();
  });

  it('finds that the log was deleted, full or not: the rows of all producers go with it', async () => {
    for (const maxLogBytes of [250, 1_000]) {
      newLog();
      const limits = { maxLogBytes };
      expect((await publish({ prev: 0, first: 1, last: 1, bytes: 100 }, limits)).outcome).toBe('appended');
      expect((await publish({ producer: 'q', prev: 0, first: 1, last: 1, bytes: 100 }, limits)).outcome).toBe(
        'appended',
      );
      await link.call('DEL', keys.log);
      expect(await publish({ prev: 1, first: 2, last: 2, bytes: 100 }, limits)).toMatchObject({
        outcome: 'mismatch',
        stored: 0,
      });
      expect((await publish({ producer: 'q', prev: 1, first: 2, last: 2, bytes: 100 }, limits)).outcome).toBe(
        'mismatch',
      );
      expect((await publish({ prev: 0, first: 1, last: 1, bytes: 100 }, limits)).outcome).toBe('appended');
      expect((await publish({ prev: 1, first: 2, last: 2, bytes: 100 }, limits)).outcome).toBe('appended');
      expect(await headers()).toEqual(['p 0 1 1 200', 'p 1 2 1 300']);
    }
  });

  it('finds a log that was emptied by hand, too', async () => {
    newLog();
    await publish({ prev: 0, first: 1, last: 1 });
    await link.call('XTRIM', keys.log, 'MAXLEN', '0');
    expect(await publish({ prev: 1, first: 2, last: 2 })).toMatchObject({ outcome: 'mismatch', stored: 0 });
  });

  it('gives ids above those of the deleted log, whatever the time of day', async () => {
    for (const isTrimmed of [true, false]) {
      newLog();
      await publish({ prev: 0, first: 1, last: 1 });
      expect(String(await link.call('HGET', keys.producers, 'last'))).toBe((await ids())[0]);
      await link.call('HSET', keys.producers, 'last', '9000000000000-7', ...(isTrimmed ? ['trimmed', '10'] : []));
      await link.call('DEL', keys.log);
      const { stored, outcome } = await publish({ prev: 1, first: 2, last: 2 });
      expect(outcome).toBe(isTrimmed ? 'appended' : 'mismatch');
      if (!isTrimmed) await publish({ prev: stored, first: 2, last: 2 });
      await publish({ prev: 2, first: 3, last: 3 });
      expect(await ids()).toEqual(['9000000000000-8', '9000000000000-9']);
    }
  });
});

describe('application ids', () => {
  it('are stored once, whoever publishes them: the others are skipped', async () => {
    newLog();
    expect(await publish({ prev: 0, first: 1, last: 2, ids: { 0: 'a', 1: 'b' } })).toMatchObject({ skip: [] });
    const again = { producer: 'q', prev: 0, first: 1, last: 4, ids: { 0: 'a', 1: 'c', 3: 'b' } };
    expect(await publish(again)).toEqual({ outcome: 'appended', stored: 4, skip: [0, 3] });
    // The answer was lost: what is sent again is told the same.
    expect(await publish(again)).toEqual({ outcome: 'duplicate', stored: 4, skip: [0, 3] });
    expect((await headers()).map((header) => header.split(' ')[5])).toEqual([undefined, '0,3']);
  });

  it('are stored once within a frame, too, and a frame of duplicates only leaves no entry', async () => {
    newLog();
    expect(await publish({ prev: 0, first: 1, last: 3, ids: { 0: 'a', 1: 'a', 2: 'b' } })).toMatchObject({ skip: [1] });
    const again = { prev: 3, first: 4, last: 5, ids: { 0: 'b', 1: 'a' } };
    expect(await publish(again)).toEqual({ outcome: 'appended', stored: 5, skip: [0, 1] });
    expect(await publish(again)).toEqual({ outcome: 'duplicate', stored: 5, skip: [0, 1] });
    expect(await publish({ prev: 5, first: 6, last: 6 })).toMatchObject({ outcome: 'appended' });
    expect((await headers()).map((header) => header.split(' ')[2])).toEqual(['1', '6']);
  });

  it('are not remembered of a frame that was not appended', async () => {
    newLog();
    expect(await publish({ prev: 7, first: 8, last: 8, ids: { 0: 'a' } })).toMatchObject({ outcome: 'mismatch' });
    const full = await publish({ prev: 0, first: 1, last: 1, ids: { 0: 'a' } }, { maxLogBytes: 1 });
    expect(full.outcome).toBe('log-full');
    // The entry cannot be written: then nothing is.
    const { log } = keys;
    await link.call('SET', log, 'not a stream');
    await expect(publish({ prev: 0, first: 1, last: 1, ids: { 0: 'a' } })).rejects.toThrow('WRONGTYPE');
    await link.call('DEL', log);
    expect(await publish({ prev: 0, first: 1, last: 1, ids: { 0: 'a' } })).toEqual({
      outcome: 'appended',
      stored: 1,
      skip: [],
    });
  });

  it('of a deleted log are no duplicates when they come again', async () => {
    newLog();
    await publish({ prev: 0, first: 1, last: 2, ids: { 0: 'a' } });
    await link.call('DEL', keys.log);
    expect((await publish({ prev: 2, first: 3, last: 3, ids: { 0: 'a' } })).outcome).toBe('mismatch');
    expect(await publish({ prev: 0, first: 1, last: 2, ids: { 0: 'a' } })).toMatchObject({
      outcome: 'appended',
      skip: [],
    });
    expect((await publish({ prev: 2, first: 3, last: 3, ids: { 0: 'a' } })).skip).toEqual([0]);
  });

  it('are refused above the bound, not forgotten early', async () => {
    newLog();
    const limits = { maxIds: 2 };
    expect(await publish({ prev: 0, first: 1, last: 2, ids: { 0: 'a', 1: 'b' } }, limits)).toMatchObject({ skip: [] });
    expect((await publish({ prev: 2, first: 3, last: 3, ids: { 0: 'c' } }, limits)).outcome).toBe('window-full');
    expect(await publish({ prev: 2, first: 3, last: 3, ids: { 0: 'a' } }, limits)).toMatchObject({ skip: [0] });
    expect((await publish({ prev: 3, first: 4, last: 4 }, limits)).outcome).toBe('appended');
  });

  it('are forgotten after the window', async () => {
    newLog();
    const limits = { windowMs: 40, maxIds: 2 };
    await publish({ prev: 0, first: 1, last: 2, ids: { 0: 'a', 1: 'b' } }, limits);
    let last = 2;
    await eventually(async () => {
      const reply = await publish({ prev: last, first: last + 1, last: last + 1, ids: { 0: 'a' } }, limits);
      last = reply.stored;
      return reply.skip.length === 0;
    });
    await eventually(async () => ((await link.call('KEYS', `${keys.dedup}*`)) as Buffer[]).length === 0);
  });
});

describe('touch.lua', () => {
  const touch = (id: string) =>
    new Promise<number | undefined>((resolve, reject) =>
      sendTouch(link, keys.producers, id, (error, reply) => (error ? reject(error) : resolve(parseTouchReply(reply)))),
    );

  it('writes the row again as it is, and tells a row that is missing', async () => {
    newLog();
    await publish({ prev: 0, first: 1, last: 3, ids: { 0: 'a', 1: 'a' } });
    await link.call('HSET', keys.producers, 'p', '3 1000 1');
    expect(await touch('p')).toBe(3);
    expect(String(await link.call('HGET', keys.producers, 'p'))).toMatch(/^3 \d{10} 1$/);
    expect(await touch('unknown')).toBe(0);
  });

  it('tells another history from the one that the caller knows', async () => {
    newLog();
    const elsewhere = Object.assign(Object.create(link) as Link, {});
    Object.defineProperty(elsewhere, 'history', { value: 'f'.repeat(40) });
    elsewhere.send = (args, onReply) => link.send(args, onReply);
    const reply = await new Promise((resolve) =>
      sendTouch(elsewhere, keys.producers, 'p', (_, answer) => resolve(parseTouchReply(answer))),
    );
    expect(reply).toBeUndefined();
    expect(await link.call('EXISTS', keys.producers)).toBe(0);
  });
});

describe('prune-producers.lua', () => {
  const LONG_AGO = 1_000;
  const fields = async () => ((await link.call('HKEYS', keys.producers)) as Buffer[]).map(String).sort();

  /** Two rows that are long idle, one that is not, and what pruning knows of the clock: calls so many seconds ago. */
  async function logWithOldRows(lastCallSec?: number, firstCallSec?: number): Promise<void> {
    newLog();
    await publish({ producer: 'living', prev: 0, first: 1, last: 1 });
    await link.call('HSET', keys.producers, 'gone', `1 ${LONG_AGO}`, 'gone-too', `7 ${LONG_AGO} 3,4`);
    if (lastCallSec === undefined) return;
    const now = Number(((await link.call('TIME')) as Buffer[])[0]);
    await link.call('HSET', keys.producers, 'pruned', `${now - lastCallSec}:${now - (firstCallSec ?? lastCallSec)}`);
  }

  it('removes rows of producers that are long gone, and nothing else', async () => {
    await logWithOldRows(3_600, 25 * 3_600);
    pruneProducers(link, topic, 0);
    await eventually(async () => (await fields()).length === 4);
    expect(await fields()).toEqual(['bytes', 'last', 'living', 'pruned']);
  });

  it.each([
    ['it was never called', undefined, undefined],
    ['the clock was seen to go on for less time than rows have to be idle', 3_600, 23 * 3_600],
    ['the clock went forward by more than lies between two calls', 25 * 3_600, 100 * 3_600],
    ['the clock went back', -600, 100 * 3_600],
  ])('removes nothing where %s, and watches the clock from then on', async (_case, lastCallSec, firstCallSec) => {
    await logWithOldRows(lastCallSec, firstCallSec);
    const before = String(await link.call('HGET', keys.producers, 'pruned'));
    pruneProducers(link, topic, 0);
    await eventually(async () => String(await link.call('HGET', keys.producers, 'pruned')) !== before);
    expect(await fields()).toEqual(['bytes', 'gone', 'gone-too', 'last', 'living', 'pruned']);
  });
});
