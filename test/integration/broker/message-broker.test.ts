import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BrokerError, IncomingMessage } from '../../../broker/index.js';
import { encodedSize, encodeMessage } from '../../../broker/log/frame-codec.js';
import { partitionKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('topics', () => {
  it('keep their number of partitions', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 3 });
    await broker.createTopic(topic, { partitions: 3 });
    await expect(broker.createTopic(topic, { partitions: 4 })).rejects.toMatchObject({
      code: 'topic-mismatch',
      message: expect.stringMatching(/has 3 partitions, asked for 4; .*: ask for that many, or take another topic$/),
    });
  });

  it('and groups have names that fit into keys', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const badTopic = { code: 'bad-option', message: expect.stringMatching(/^topic 'a\{b\}': 1 to 128 letters/) };
    const badGroup = { code: 'bad-option', message: expect.stringMatching(/^group 'g h': 1 to 128 letters/) };
    await expect(broker.publish('a{b}', message('a'))).rejects.toMatchObject(badTopic);
    await expect(broker.subscribe('a{b}', 'g', () => {})).rejects.toMatchObject(badTopic);
    await expect(broker.subscribe(topic, 'g h', () => {})).rejects.toMatchObject(badGroup);
    await expect(broker.deleteGroup(topic, 'g h')).rejects.toMatchObject(badGroup);
  });

  it('have to exist', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    await expect(broker.publish(freshTopic(), message('a'))).rejects.toMatchObject({ code: 'topic-missing' });
    await expect(broker.subscribe(freshTopic(), 'g', () => {})).rejects.toMatchObject({ code: 'topic-missing' });
    await expect(broker.createTopic('a{b}')).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe('publish and subscribe', () => {
  it('hands over what was published, unchanged', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const before = Date.now();
    let seen: (IncomingMessage & { copy: Buffer }) | undefined;
    await broker.subscribe(topic, 'g', (incoming) => {
      seen = Object.assign(incoming, { copy: Buffer.from(incoming.payload) });
    });
    const receipt = await broker.publish(topic, {
      id: 'grün',
      key: 'schlüssel',
      payload: Buffer.from([0, 1, 255]),
      priority: 7,
      headers: { trace: 'ü', empty: '' },
    });
    await eventually(() => seen !== undefined);
    expect(receipt).toMatchObject({ durability: 'leader', replicas: 0 });
    expect(seen).toMatchObject({ id: 'grün', key: 'schlüssel', priority: 7, attempt: 1, partition: receipt.partition });
    expect(seen?.headers).toEqual({ trace: 'ü', empty: '' });
    expect([...seen!.copy]).toEqual([0, 1, 255]);
    expect(seen!.publishedAtMs).toBeGreaterThanOrEqual(before);
    expect(seen!.fencingToken).toBeGreaterThan(before * 1000);
  });

  it('handles a key in publish order and one at a time, other keys beside it', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const journal = new Journal();
    const running = new Set<string | undefined>();
    let overlaps = 0;
    let most = 0;
    await broker.subscribe(
      topic,
      'g',
      async (incoming) => {
        if (running.has(incoming.key)) overlaps++;
        running.add(incoming.key);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(incoming.key);
        journal.record(incoming);
      },
      { concurrency: 8 },
    );
    const messages = numbered(4000, 40);
    for (let i = 0; i < messages.length; i += 100) await publishAll(broker, topic, messages.slice(i, i + 100));
    await eventually(() => journal.handled.length >= messages.length);
    for (let k = 0; k < 40; k++) {
      expect(journal.of(`k${k}`)).toEqual(messages.filter(({ key }) => key === `k${k}`).map(({ id }) => id));
    }
    expect(overlaps).toBe(0);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('gives every group everything, and trims only what all groups have settled', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journals = [new Journal(), new Journal()];
    const late = await broker.subscribe(topic, 'late', journals[1]!.record);
    await late.close();
    await broker.subscribe(topic, 'early', journals[0]!.record);
    const messages = numbered(500, 10);
    await publishAll(broker, topic, messages);
    await eventually(() => journals[0]!.handled.length === 500);
    await using probe = server.client();
    const { log, positions } = partitionKeys(topic, 0);
    await eventually(async () => (await probe.redis.hget(`${positions}early`, 'low')) !== '0-0');
    expect(await collect(broker.inventory(topic, 'late'))).toHaveLength(500);
    await broker.subscribe(topic, 'late', journals[1]!.record);
    await eventually(() => journals[1]!.handled.length === 500);
    await eventually(async () => (await probe.redis.xlen(log)) === 0);
    expect(await collect(broker.inventory(topic, 'late'))).toEqual([]);
  });

  it('reports what is too large, malformed, or published after closing', async () => {
    const { broker } = await connect(server, { maxMessageBytes: 100 });
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const outcomes = await publishAll(broker, topic, [
      message('fits'),
      { id: 'large', payload: Buffer.alloc(100) },
      { id: 'odd', payload: Buffer.alloc(0), priority: 300 },
    ]);
    expect(outcomes.map((outcome) => (outcome.kind === 'rejected' ? outcome.error.code : outcome.kind))).toEqual([
      'accepted',
      'too-large',
      'bad-option',
    ]);
    await broker.close();
    await broker.close();
    const late = await broker.publish(topic, message('late')).catch((error: BrokerError) => error);
    expect(late).toMatchObject({ name: 'BrokerError', code: 'closed', retriable: false });
  });
});

describe('a listener of outcomes', () => {
  afterEach(() => vi.restoreAllMocks());

  it('harms no other message when it throws: its error becomes a warning', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const told: number[] = [];
    broker.publishBatch(topic, numbered(20, 20), (index) => {
      told.push(index);
      if (index % 2 === 0) throw new Error('broken listener');
    });
    await eventually(() => told.length === 20);
    expect(warnings).toHaveBeenCalledTimes(10);
    expect(warnings).toHaveBeenCalledWith(
      expect.stringMatching(/onOutcome failed .* broken listener/),
      'BrokerWarning',
    );
    expect(broker.bufferedBytes).toBe(0);
  });
});

describe('back-pressure', () => {
  it('rejects at the bound and says when there is room again', async () => {
    const { broker } = await connect(server, { maxBufferedBytes: 1000, whenFull: 'reject' });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await broker.openTopic(topic);
    expect(broker.capacity()).toBeUndefined();
    const outcomes = publishAll(broker, topic, numbered(100, 1));
    expect(broker.capacity()).toBeInstanceOf(Promise);
    await broker.capacity();
    const kinds = (await outcomes).map((outcome) => (outcome.kind === 'rejected' ? outcome.error.name : outcome.kind));
    expect(kinds.filter((kind) => kind === 'accepted').length).toBeGreaterThan(0);
    expect(kinds.at(-1)).toBe('BackPressureError');
  });

  it('waits at the bound, in order, when told to', async () => {
    const { broker } = await connect(server, { maxBufferedBytes: 1000 });
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    const messages = numbered(300, 1);
    const outcomes = await Promise.all([
      publishAll(broker, topic, messages.slice(0, 200)),
      publishAll(broker, topic, messages.slice(200)),
    ]);
    expect(outcomes.flat().every(({ kind }) => kind === 'accepted')).toBe(true);
    await eventually(() => journal.handled.length === 300);
    expect(journal.ids).toEqual(messages.map(({ id }) => id));
  });
});

describe('failing handlers', () => {
  it('get a message again, then it becomes a dead letter with its evidence', async () => {
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const attempts: number[] = [];
    await broker.subscribe(
      topic,
      'g',
      ({ attempt }) => {
        attempts.push(attempt);
        throw new RangeError(`attempt ${attempt} failed`);
      },
      { maxAttempts: 3, retryBaseMs: 1, retryCapMs: 5 },
    );
    await broker.publish(topic, message('bad', 'k'));
    await eventually(() => events.some(({ kind }) => kind === 'dead-lettered'));
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).some((m) => m.place === 'dead-letters'));
    expect(attempts).toEqual([1, 2, 3]);
    expect(await collect(broker.inventory(topic, 'g'))).toEqual([
      expect.objectContaining({ place: 'dead-letters', id: 'bad', key: 'k', payload: Buffer.from('payload of bad') }),
    ]);
    await using probe = server.client();
    const [[, fields]] = (await probe.redis.xrange(`g:{${topic}.0}:dlq:g`, '-', '+')) as [[string, string[]]];
    const evidence = JSON.parse(fields[fields.indexOf('evidence') + 1]!);
    expect(evidence).toMatchObject({
      attempts: 3,
      failures: [{ attempt: 1 }, { attempt: 2 }, { error: 'RangeError' }],
    });
  });

  it('end a permanent failure at once', async () => {
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    let calls = 0;
    await broker.subscribe(topic, 'g', async () => {
      calls++;
      throw Object.assign(new Error('never'), { permanent: true });
    });
    await broker.publish(topic, message('bad'));
    await eventually(() => events.some(({ kind }) => kind === 'dead-lettered'));
    expect(calls).toBe(1);
  });

  it('hold later messages of the key back, not those of other keys', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    let open = false;
    await broker.subscribe(
      topic,
      'g',
      (incoming) => {
        if (incoming.id === 'stuck' && !open) throw new Error('not yet');
        journal.record(incoming);
      },
      { maxAttempts: 1000, retryBaseMs: 1, retryCapMs: 2 },
    );
    await publishAll(broker, topic, [message('stuck', 'a'), message('behind', 'a'), message('beside', 'b')]);
    await eventually(() => journal.ids.includes('beside'));
    expect(journal.ids).toEqual(['beside']);
    open = true;
    await eventually(() => journal.ids.includes('behind'));
    expect(journal.ids).toEqual(['beside', 'stuck', 'behind']);
    expect(journal.handled[1]!.attempt).toBeGreaterThan(1);
  });

  it('let later messages of the key pass with ordering none', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    await broker.subscribe(
      topic,
      'g',
      (incoming) => {
        if (incoming.id === 'stuck' && incoming.attempt < 3) throw new Error('not yet');
        journal.record(incoming);
      },
      { ordering: 'none', retryBaseMs: 5, retryCapMs: 5 },
    );
    await publishAll(broker, topic, [message('stuck', 'a'), message('behind', 'a')]);
    await eventually(() => journal.handled.length === 2);
    expect(journal.ids).toEqual(['behind', 'stuck']);
  });
});

describe('undecodable frames', () => {
  it('go to quarantine message by message; their neighbours are handled', async () => {
    const { broker, events } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const good = message('good');
    const size = encodedSize('good', good) as number;
    const frame = Buffer.alloc(3 * size);
    for (let i = 0; i < 3; i++) encodeMessage(frame, i * size, size, 'good', good, 0);
    frame[size + size - 1]! ^= 0xff;
    await using probe = server.client();
    const { log } = partitionKeys(topic, 0);
    await probe.redis.xadd(log, '*', 'x 0 1 3 0', frame);
    await probe.redis.xadd(log, '*', 'x 3 4 4 1', frame.subarray(0, size + 5));
    await probe.redis.xadd(log, '*', 'nonsense', '1');
    const journal = new Journal();
    await broker.subscribe(topic, 'g', journal.record);
    await broker.publish(topic, message('last'));
    await eventually(() => journal.ids.includes('last'));
    expect(journal.ids).toEqual(['good', 'good', 'good', 'last']);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 5);
    const held = await collect(broker.inventory(topic, 'g'));
    expect(held.map(({ place }) => place)).toEqual(Array(5).fill('quarantine'));
    expect(events.filter(({ kind }) => kind === 'quarantined')).toHaveLength(5);
  });
});

describe('closing', () => {
  it('loses nothing, handles nothing twice, and leaves nothing unsettled that was handled', async () => {
    const topic = freshTopic();
    const { broker: producer } = await connect(server);
    await using _ = producer;
    await producer.createTopic(topic, { partitions: 4 });
    const messages = numbered(3000, 50);
    const publishing = publishAll(producer, topic, messages);
    const journal = new Journal();
    while (journal.handled.length < messages.length) {
      const { broker } = await connect(server);
      const before = journal.handled.length;
      await broker.subscribe(
        topic,
        'g',
        async (incoming) => {
          await new Promise((resolve) => setImmediate(resolve));
          journal.record(incoming);
        },
        { concurrency: 20 },
      );
      await eventually(() => journal.handled.length >= Math.min(messages.length, before + 400));
      await broker.close();
    }
    expect((await publishing).every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(new Set(journal.ids).size).toBe(messages.length);
    expect(journal.handled).toHaveLength(messages.length);
    expect(await collect(producer.inventory(topic, 'g'))).toEqual([]);
  });

  it('leaves nothing in the log that every group has settled', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const journal = new Journal();
    const subscription = await broker.subscribe(topic, 'g', journal.record);
    await publishAll(broker, topic, numbered(50, 5));
    await eventually(() => journal.handled.length === 50);
    await subscription.close();
    await using probe = server.client();
    expect(await probe.redis.xlen(partitionKeys(topic, 0).log)).toBe(0);
  });

  it('takes no subscription that comes while it is under way', async () => {
    const { broker } = await connect(server);
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const subscription = await broker.subscribe(topic, 'g', () => held);
    await broker.publish(topic, message('a'));
    await eventually(() => subscription.inFlight === 1);
    const late = broker.subscribe(topic, 'late', () => {});
    const closing = broker.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
    release();
    await closing;
  });

  it('of a subscription leaves nothing of it in the broker', async () => {
    const { broker } = await connect(server);
    await using _ = broker;
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const subscribeAndClose = async () => {
      const subscription = await broker.subscribe(topic, 'g', () => {});
      await subscription.close();
      return new WeakRef(subscription);
    };
    const closed = await subscribeAndClose();
    await eventually(() => {
      collectGarbage();
      return closed.deref() === undefined;
    });
  });

  it('waits for what was published', async () => {
    const { broker } = await connect(server);
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const outcomes = publishAll(broker, topic, numbered(500, 7));
    await broker.close();
    expect((await outcomes).every(({ kind }) => kind === 'accepted')).toBe(true);
  });
});
