import { describe, expect, it } from 'vitest';
import type { MessageBroker, PublishOutcome } from '../../../broker/index.js';
import { partitionKeys } from '../../../broker/log/keys.js';
import { partitionOfKey } from '../../../broker/log/partitioner.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const KEYS = 20;

describe('connections that break', () => {
  it('cost nothing: everything is stored once, handled once, in order', async () => {
    await using server = await RedisServer.start();
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    const load = startLoad(broker, topic);
    await using probe = server.client();
    for (let i = 0; i < 8; i++) {
      await eventually(() => journal.handled.length > 200 * (i + 1));
      await probe.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    const { ids, outcomes } = await load.finish();
    expect(outcomes.map(({ kind }) => kind).filter((kind) => kind !== 'accepted')).toEqual([]);
    await eventually(() => journal.handled.length >= ids.length);
    expectOnceInOrder(journal, ids);
    expect(events.filter(({ kind }) => kind === 'disconnected').length).toBeGreaterThan(3);
    expect(events.filter(({ kind }) => kind === 'acknowledged-loss' || kind === 'reacquired')).toEqual([]);
  });
});

describe('a paused server', () => {
  it('delays, and no more', async () => {
    await using server = await RedisServer.start();
    const { broker } = await connect(server, { replyTimeoutMs: 300 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    const load = startLoad(broker, topic);
    await eventually(() => journal.handled.length > 500);
    server.signal('SIGSTOP');
    const stoppedAt = load.published;
    // Long enough for several reply timeouts: what was in flight is sent again on new connections.
    await eventually(() => load.published > stoppedAt + 1000);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    server.signal('SIGCONT');
    const before = journal.handled.length;
    await eventually(() => journal.handled.length > before + 500);
    const { ids, outcomes } = await load.finish();
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => journal.handled.length >= ids.length);
    expectOnceInOrder(journal, ids);
  });

  it('makes publishing end by its deadline, honestly', async () => {
    await using server = await RedisServer.start();
    const { broker } = await connect(server, { replyTimeoutMs: 200, publishTimeoutMs: 600 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await publishAll(broker, topic, numbered(10, 1, 'before'));
    server.signal('SIGSTOP');
    const inFlight = publishAll(broker, topic, numbered(3, 1, 'sent'));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const queued = publishAll(broker, topic, numbered(3, 1, 'queued'));
    expect((await inFlight).map(({ kind }) => kind)).toEqual(Array(3).fill('indeterminate'));
    expect((await queued).map((o) => (o.kind === 'rejected' ? o.error.code : o.kind))).toEqual(
      Array(3).fill('expired'),
    );
    server.signal('SIGCONT');
    const after = await publishAll(broker, topic, numbered(10, 1, 'after'));
    expect(after.every(({ kind }) => kind === 'accepted')).toBe(true);
    const held = (await collect(broker.inventory(topic, 'g'))).map(({ id }) => id!);
    expect(held.filter((id) => id.startsWith('queued'))).toEqual([]);
    expect(held.filter((id) => id.startsWith('after'))).toEqual(numbered(10, 1, 'after').map(({ id }) => id));
    expect(new Set(held).size).toBe(held.length);
  });
});

describe('a server that is killed and started again', () => {
  it('with its data: nothing acknowledged is lost', async () => {
    await using server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    const load = startLoad(broker, topic);
    for (let i = 0; i < 2; i++) {
      const before = journal.handled.length;
      await eventually(() => journal.handled.length > before + 300);
      await server.kill();
      await server.start();
    }
    const before = journal.handled.length;
    await eventually(() => journal.handled.length > before + 300);
    const { ids, outcomes } = await load.finish();
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => new Set(journal.ids).size === ids.length);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expectOnceInOrder(journal, ids);
    expect(events.some(({ kind }) => kind === 'reacquired')).toBe(true);
  });

  it('again and again before anything is settled: nothing is handled twice', async () => {
    await using server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
    const { broker, events } = await connect(server);
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    // Nothing is recorded before the subscription closes.
    const subscription = await broker.subscribe(topic, 'g', journal.record, { settleDelayMs: 3_600_000 });
    await publishAll(broker, topic, numbered(400, KEYS, 'b-'));
    await eventually(() => journal.handled.length === 400);
    const reacquired = () => events.filter(({ kind }) => kind === 'reacquired').length;
    for (let i = 1; i <= 3; i++) {
      await server.kill();
      await server.start();
      await eventually(() => reacquired() >= 4 * i);
      await publishAll(broker, topic, numbered(100, KEYS, `b${i}-`));
      await eventually(() => journal.ids.includes(`b${i}-99`));
    }
    await subscription.close();
    expect(await collect(broker.inventory(topic, 'g'))).toEqual([]);
    expect(journal.handled).toHaveLength(700);
    expect(new Set(journal.ids).size).toBe(700);
    await broker.close();
  });

  it('while a handler runs: its message is handled once, and its key waits for it', async () => {
    await using server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await broker.subscribe(topic, 'g', async (incoming) => {
      journal.record(incoming);
      if (incoming.id.startsWith('slow')) await held;
    });
    await publishAll(broker, topic, [message('slow', 'a'), message('slow keyless')]);
    await eventually(() => journal.handled.length === 2);
    await server.kill();
    await server.start();
    await eventually(() => events.some(({ kind }) => kind === 'reacquired'));
    await publishAll(broker, topic, [message('behind', 'a'), message('beside', 'b')]);
    await eventually(() => journal.ids.includes('beside'));
    expect(journal.ids.toSorted()).toEqual(['beside', 'slow', 'slow keyless']);
    finish();
    await eventually(() => journal.ids.includes('behind'));
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(journal.handled).toHaveLength(4);
  });

  it('without its data: what was acknowledged a moment ago is stored again, before what is new', async () => {
    await using server = await RedisServer.start();
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    await publishAll(broker, topic, numbered(400, KEYS, 'before'));
    await server.kill();
    await server.start();
    const outcomes = await publishAll(broker, topic, numbered(400, KEYS, 'after'));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    await broker.createTopic(topic, { partitions: 4 });
    const held = await collect(broker.inventory(topic, 'g'));
    const all = [...numbered(400, KEYS, 'before'), ...numbered(400, KEYS, 'after')];
    for (let k = 0; k < KEYS; k++) {
      const ofKey = (messages: readonly { readonly id?: string | undefined; readonly key?: string | undefined }[]) =>
        messages.filter(({ key }) => key === `k${k}`).map(({ id }) => id);
      expect(ofKey(held)).toEqual(ofKey(all));
    }
    expect(events.some(({ kind }) => kind === 'acknowledged-loss')).toBe(false);
  });

  it('without its data, and nobody publishes: it is stored again all the same', async () => {
    await using server = await RedisServer.start();
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    await publishAll(broker, topic, numbered(100, KEYS));
    await server.kill();
    await server.start();
    await broker.createTopic(topic, { partitions: 4 });
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 100);
  });

  it('with older data: only what is missing is stored again', async () => {
    await using server = await RedisServer.start();
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    for (let i = 0; i < 10; i++) await publishAll(broker, topic, numbered(3, 1, `old${i}-`));
    await using probe = server.client();
    await probe.redis.call('SAVE');
    for (let i = 0; i < 10; i++) await publishAll(broker, topic, numbered(3, 1, `new${i}-`));
    const before = (await collect(broker.inventory(topic, 'g'))).map(({ id }) => id);
    await server.kill();
    await server.start();
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 60);
    expect((await collect(broker.inventory(topic, 'g'))).map(({ id }) => id)).toEqual(before);
  });

  it('without its data: publishing and handling go on, and what is not kept any more is reported', async () => {
    await using server = await RedisServer.start();
    const { broker, events } = await connect(server, { maxReplayBytes: 1 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await publishAll(broker, topic, numbered(400, KEYS, 'before'));
    await eventually(() => journal.handled.length === 400);
    await server.kill();
    await server.start();
    const outcomes = await publishAll(broker, topic, numbered(400, KEYS, 'after'));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => journal.handled.length >= 800);
    expect(journal.ids.filter((id) => id.startsWith('after'))).toHaveLength(400);
    const losses = events.filter((event) => event.kind === 'acknowledged-loss');
    // Each partition had one frame, which it let go of.
    const sizes = partitionSizes(numbered(400, KEYS), 4);
    expect(losses.toSorted((a, b) => a.partition - b.partition)).toEqual(
      sizes.map((lastSequence, partition) => {
        return { kind: 'acknowledged-loss', topic, partition, firstSequence: 1, lastSequence };
      }),
    );
    expect(broker.acknowledgedLosses).toBe(4);
    await broker.createTopic(topic, { partitions: 4 });
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });

  it('flushed while it runs: the next settlement finds out', async () => {
    await using server = await RedisServer.start();
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await publishAll(broker, topic, numbered(50, KEYS, 'before'));
    await eventually(() => journal.handled.length === 50);
    await using probe = server.client();
    await probe.redis.flushall();
    await publishAll(broker, topic, numbered(50, KEYS, 'after'));
    await eventually(() => events.some(({ kind }) => kind === 'reacquired'));
    await eventually(() => journal.ids.filter((id) => id.startsWith('after')).length === 50);
    await eventually(async () => (await probe.redis.hget(`${partitionKeys(topic, 0).positions}g`, 'low')) !== '0-0');
    expect(new Set(journal.ids).size).toBe(journal.ids.length);
  });
});

describe('a server out of memory', () => {
  it('refuses publishing until there is room; settling goes on', async () => {
    await using server = await RedisServer.start();
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    await publishAll(broker, topic, numbered(100, KEYS, 'before'));
    await using probe = server.client();
    await probe.redis.config('SET', 'maxmemory', '1');
    const refused = publishAll(broker, topic, numbered(10, KEYS, 'refused'));
    await using _subscription = await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => journal.handled.length === 100);
    await eventually(async () => (await probe.redis.xlen(partitionKeys(topic, 0).log)) === 0);
    await probe.redis.config('SET', 'maxmemory', '0');
    expect((await refused).every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => journal.handled.length === 110);
  });
});

/** How many of the messages go to each partition. */
function partitionSizes(messages: readonly { readonly key?: string | undefined }[], partitions: number): number[] {
  const sizes = Array<number>(partitions).fill(0);
  for (const { key } of messages) sizes[partitionOfKey(key!, partitions)]!++;
  return sizes;
}

/** Publishes small batches without a pause until told to stop. */
function startLoad(broker: MessageBroker, topic: string) {
  const ids: string[] = [];
  const outcomes: Promise<PublishOutcome[]>[] = [];
  let running = true;
  const loop = (async () => {
    while (running) {
      const batch = numbered(10, KEYS, `b${outcomes.length}-`);
      ids.push(...batch.map(({ id }) => id!));
      outcomes.push(publishAll(broker, topic, batch));
      await (broker.capacity() ?? new Promise((resolve) => setTimeout(resolve, 2)));
    }
  })();
  return {
    get published() {
      return ids.length;
    },
    async finish() {
      running = false;
      await loop;
      return { ids, outcomes: (await Promise.all(outcomes)).flat() };
    },
  };
}

function expectOnceInOrder(journal: Journal, ids: readonly string[]): void {
  expect(journal.handled).toHaveLength(ids.length);
  const keyOf = (id: string) => `k${Number(id.split('-')[1]) % KEYS}`;
  for (let k = 0; k < KEYS; k++) {
    expect(journal.of(`k${k}`)).toEqual(ids.filter((id) => keyOf(id) === `k${k}`));
  }
}
