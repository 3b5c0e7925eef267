import { describe, expect, it } from 'vitest';
import { BackPressureError, type BrokerEvent, type BrokerOptions, MessageBroker } from '../../../broker/index.js';
import { partitionKeys } from '../../../broker/log/keys.js';
import { collect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

/** A master and one replica that has copied it. */
class Pair implements AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;

  private constructor(master: RedisServer, replica: RedisServer) {
    this.master = master;
    this.replica = replica;
  }

  static async start(): Promise<Pair> {
    const master = await RedisServer.start(
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--repl-diskless-sync-delay',
      '0',
    );
    const replica = await RedisServer.start('--appendonly', 'yes', '--replicaof', master.host, String(master.port));
    await using probe = replica.client();
    await eventually(async () => (await probe.redis.info('replication')).includes('master_link_status:up'));
    return new Pair(master, replica);
  }

  async connect(options: Partial<BrokerOptions> = {}): Promise<{ broker: MessageBroker; events: BrokerEvent[] }> {
    const events: BrokerEvent[] = [];
    const redis = { ...this.master.address, replicas: 1 };
    const broker = await MessageBroker.connect({ redis, onEvent: (event) => events.push(event), ...options });
    return { broker, events };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.replica.signal('SIGCONT');
    await this.replica[Symbol.asyncDispose]();
    await this.master[Symbol.asyncDispose]();
  }
}

describe('a receipt', () => {
  it.each([
    [undefined, { durability: 'replicated', replicas: 1 }],
    ['replicated', { durability: 'replicated', replicas: 1 }],
    ['fsync', { durability: 'fsync', replicas: 1 }],
    ['leader', { durability: 'leader', replicas: 0 }],
  ] as const)('says what was confirmed: durability %s', async (durability, expected) => {
    await using pair = await Pair.start();
    const { broker } = await pair.connect(durability === undefined ? {} : { durability });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 8 });
    for (const { key, payload } of numbered(20, 10)) {
      expect(await broker.publish(topic, { key, payload })).toMatchObject(expected);
    }
    const outcomes = await publishAll(broker, topic, numbered(2_000, 50));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'accepted', receipt: expected });
  });

  it('promises `leader` by default where no replica is known of', async () => {
    await using server = await RedisServer.start();
    await using broker = await MessageBroker.connect({ redis: server.address });
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    expect(await broker.publish(topic, message('a'))).toMatchObject({ durability: 'leader', replicas: 0 });
  });
});

describe('while a replica is frozen', () => {
  it.each(['survivors', 'block'] as const)('nothing is acknowledged: %s', async (onReplicaLoss) => {
    await using pair = await Pair.start();
    const { broker } = await pair.connect({ onReplicaLoss, replyTimeoutMs: 400, publishTimeoutMs: 1_500 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 8 });
    await publishAll(broker, topic, numbered(50, 10, 'before'));
    pair.replica.signal('SIGSTOP');
    const outcomes = await publishAll(broker, topic, numbered(50, 10, 'frozen'));
    expect(outcomes.filter(({ kind }) => kind !== 'indeterminate')).toEqual([]);
    pair.replica.signal('SIGCONT');
    await eventually(async () => {
      const [outcome] = await publishAll(broker, topic, [message('after', 'k0')]);
      return outcome!.kind === 'accepted';
    });
  });

  it('publishing waits, and what it sends again is stored once and in order', async () => {
    await using pair = await Pair.start();
    const { broker } = await pair.connect({ replyTimeoutMs: 300, publishTimeoutMs: 60_000 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    pair.replica.signal('SIGSTOP');
    let answered = 0;
    const publishing = publishAll(broker, topic, numbered(100, 1)).then((outcomes) => {
      answered = outcomes.length;
      return outcomes;
    });
    await using probe = pair.master.client();
    // It was sent again a few times.
    await eventually(
      async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await probe.redis.info('commandstats'))?.[1]) > 4,
    );
    expect(answered).toBe(0);
    pair.replica.signal('SIGCONT');
    expect((await publishing).every(({ kind }) => kind === 'accepted')).toBe(true);
    expect((await collect(broker.inventory(topic, 'g'))).map(({ id }) => id)).toEqual(
      numbered(100, 1).map(({ id }) => id),
    );
  });

  it('`degrade` goes on, and says so, until the replica is back', async () => {
    await using pair = await Pair.start();
    const { broker, events } = await pair.connect({ onReplicaLoss: 'degrade', replyTimeoutMs: 300 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 8 });
    pair.replica.signal('SIGSTOP');
    for (let i = 0; i < 5; i++) {
      const outcomes = await publishAll(broker, topic, numbered(50, 10, `frozen${i}-`));
      for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'accepted', receipt: { replicas: 0 } });
    }
    const replicas = () => events.filter(({ kind }) => kind === 'replicas');
    expect(replicas()).toEqual([expect.objectContaining({ needed: 0, configured: 1 })]);
    pair.replica.signal('SIGCONT');
    await eventually(() => replicas().length === 2);
    expect(replicas()[1]).toMatchObject({ needed: 1, configured: 1 });
    expect(await broker.publish(topic, message('after'))).toMatchObject({ replicas: 1 });
  });

  it('`leader` acknowledges, keeps what is unconfirmed for a replay, and holds back when that fills its memory', async () => {
    await using pair = await Pair.start();
    const { broker } = await pair.connect({
      durability: 'leader',
      maxReplayBytes: 64 * 1024,
      whenFull: 'reject',
      replyTimeoutMs: 300,
    });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    pair.replica.signal('SIGSTOP');
    const payload = Buffer.alloc(10_000);
    let error: unknown;
    for (let i = 0; i < 100 && error === undefined; i++) {
      await broker.publish(topic, { payload }).catch((reason: unknown) => {
        error = reason;
      });
    }
    expect(error).toBeInstanceOf(BackPressureError);
    expect(error).toMatchObject({ code: 'back-pressure', retriable: true, retryAfterMs: expect.any(Number) });
    pair.replica.signal('SIGCONT');
    await eventually(() => broker.capacity() === undefined);
    expect(await broker.publish(topic, { payload })).toMatchObject({ durability: 'leader' });
  });
});

describe('a log at its limit', () => {
  it('refuses, until what everybody has settled is trimmed', async () => {
    await using server = await RedisServer.start();
    const limits = { maxLogBytes: 100_000, maxFrameBytes: 20_000, maxMessageBytes: 20_000 };
    await using broker = await MessageBroker.connect({ redis: server.address, ...limits, whenFull: 'reject' });
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const message = { payload: Buffer.alloc(10_000) };
    let stored = 0;
    let error: unknown;
    while (error === undefined) {
      await broker.publish(topic, message).then(
        () => stored++,
        (reason: unknown) => {
          error = reason;
        },
      );
    }
    expect(stored).toBe(9);
    expect(error).toBeInstanceOf(BackPressureError);
    expect(error).toMatchObject({ retryAfterMs: expect.any(Number), message: expect.stringContaining('maxLogBytes') });
    expect(await collect(broker.inventory(topic, 'g'))).toHaveLength(9);
    let handled = 0;
    await broker.subscribe(topic, 'g', () => {
      handled++;
    });
    await eventually(() =>
      broker.publish(topic, message).then(
        () => true,
        () => false,
      ),
    );
    await eventually(() => handled === 10);
  });

  it('makes publishing wait where it may', async () => {
    await using server = await RedisServer.start();
    const limits = { maxLogBytes: 50_000, maxFrameBytes: 20_000, maxMessageBytes: 20_000 };
    const options = { redis: server.address, ...limits, publishTimeoutMs: 60_000 };
    await using broker = await MessageBroker.connect(options);
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const messages = Array.from({ length: 30 }, (_, i) => ({ id: `m${i}`, key: 'k', payload: Buffer.alloc(5_000) }));
    const publishing = publishAll(broker, topic, messages);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length >= 8);
    const handled: string[] = [];
    await broker.subscribe(topic, 'g', ({ id }) => {
      handled.push(id);
    });
    expect((await publishing).every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => handled.length === 30);
    expect(handled).toEqual(messages.map(({ id }) => id));
  });

  it('is back-pressure like any other refusal for lack of room or of replicas', async () => {
    await using server = await RedisServer.start();
    await using broker = await MessageBroker.connect({ redis: server.address, whenFull: 'reject' });
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await using probe = server.client();
    for (const [setting, value, normal] of [
      ['maxmemory', '1', '0'],
      ['min-replicas-to-write', '1', '0'],
    ] as const) {
      await probe.redis.config('SET', setting, value);
      await expect(broker.publish(topic, message('refused'))).rejects.toBeInstanceOf(BackPressureError);
      await probe.redis.config('SET', setting, normal);
      await eventually(() =>
        broker.publish(topic, message('stored')).then(
          () => true,
          () => false,
        ),
      );
    }
    const ids = (await collect(broker.inventory(topic, 'g'))).map(({ id }) => id);
    expect(ids).toEqual(['stored', 'stored']);
  });
});

describe('one server whose replica is dead', () => {
  it.each([{ durability: 'leader' }, { durability: 'replicated', onReplicaLoss: 'degrade' }] as const)(
    'is published to and consumed from with %s',
    async (options) => {
      await using pair = await Pair.start();
      await pair.replica.kill();
      const { broker, events } = await pair.connect({ ...options, replyTimeoutMs: 300 });
      await using _ = broker;
      const topic = freshTopic();
      await broker.createTopic(topic, { partitions: 2 });
      const journal = new Journal();
      await broker.subscribe(topic, 'g', journal.record);
      await publishAll(broker, topic, numbered(20, 4));
      await eventually(() => journal.handled.length === 20);
      expect(events.filter(({ kind }) => kind === 'leases')).toEqual([]);
    },
  );

  it('is not consumed from with `replicated`, says why, and is when the replica is back', async () => {
    await using pair = await Pair.start();
    const { broker, events } = await pair.connect({ replyTimeoutMs: 300, publishTimeoutMs: 60_000 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await pair.replica.kill();
    const leases = () => events.filter(({ kind }) => kind === 'leases');
    await eventually(() => leases().length === 1);
    expect(leases()).toEqual([expect.objectContaining({ topic, group: 'g', needed: 1, confirmed: 0 })]);
    await using probe = pair.master.client();
    const published = publishAll(broker, topic, numbered(20, 4));
    // It is in the log, and nobody handles it.
    await eventually(async () => (await probe.redis.xlen(partitionKeys(topic, 0).log)) > 0);
    expect(journal.ids).toEqual([]);
    await pair.replica.start();
    await published;
    await eventually(() => journal.handled.length === 20);
    expect(leases()).toHaveLength(2);
  });
});
