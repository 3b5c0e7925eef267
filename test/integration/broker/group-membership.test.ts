import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, Handler, MessageBroker, SubscribeOptions, Subscription } from '../../../broker/index.js';
import { groupKeys, membersKey } from '../../../broker/log/keys.js';
import { connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
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

const PARTITIONS = 8;
/** Longer than any test waits: what happens in spite of it was not for a lease or a session that was over. */
const ETERNAL = { leaseDurationMs: 600_000, leaseStopMs: 500_000, leaseRenewMs: 100 };

async function aTopic(partitions = PARTITIONS): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions });
  return topic;
}

function join(topic: string, handler: Handler = () => {}, options: SubscribeOptions = {}): Promise<Subscription> {
  return broker.subscribe(topic, 'g', handler, { ...ETERNAL, ...options });
}

const owned = (members: readonly Subscription[]) => members.map(({ partitions }) => partitions.length);

/** Every partition has one owner, and nobody has two more than another. */
async function balanced(...members: Subscription[]): Promise<void> {
  await eventually(() => {
    const all = members.flatMap(({ partitions }) => partitions);
    const loads = owned(members);
    return (
      all.length === PARTITIONS && new Set(all).size === PARTITIONS && Math.max(...loads) - Math.min(...loads) <= 1
    );
  });
}

const eventsOf = <K extends BrokerEvent['kind']>(kind: K, topic: string) =>
  events.filter((event): event is Extract<BrokerEvent, { kind: K }> => {
    return event.kind === kind && 'topic' in event && event.topic === topic;
  });

describe('the members of a group', () => {
  it('share its partitions, however many there are, and move no more than they must', async () => {
    const topic = await aTopic();
    const first = await join(topic);
    expect(owned([first])).toEqual([PARTITIONS]);
    const second = await join(topic);
    await balanced(first, second);
    const third = await join(topic);
    await balanced(first, second, third);
    expect(first.members).toHaveLength(3);
    // Four went to the second, and two of those eight to the third.
    expect(eventsOf('handed-over', topic)).toHaveLength(6);
    await second.close();
    await balanced(first, third);
    await third.close();
    await balanced(first);
    await first.close();
  });

  it('hand over under load without handling anything twice, and in order', async () => {
    const topic = await aTopic();
    const journal = new Journal();
    const handler: Handler = async (message) => {
      await new Promise((resolve) => setImmediate(resolve));
      journal.record(message);
    };
    const members = [await join(topic, handler)];
    const load = (async () => {
      for (let round = 0; round < 60; round++) await publishAll(broker, topic, numbered(50, 25, `r${round}-`));
    })();
    members.push(await join(topic, handler), await join(topic, handler));
    await balanced(...members);
    await members.shift()!.close();
    await balanced(...members);
    await load;
    await eventually(() => journal.handled.length >= 3_000);
    expect(journal.handled).toHaveLength(3_000);
    for (let key = 0; key < 25; key++) {
      const ids = journal.of(`k${key}`);
      const inOrder = ids.toSorted((a, b) => rankOf(a) - rankOf(b));
      expect(ids).toEqual(inOrder);
    }
    await Promise.all(members.map((member) => member.close()));
  });

  it('wait for a handler that runs before they hand its partition over, and not for ever', async () => {
    const topic = await aTopic();
    const released: (() => void)[] = [];
    const stuck: Handler = () => new Promise<void>((resolve) => released.push(resolve));
    const first = await join(topic, stuck, { closeTimeoutMs: 2_000, concurrency: 64 });
    await publishAll(broker, topic, numbered(64, 64));
    await eventually(() => released.length === 64);
    const second = await join(topic, () => {});
    await balanced(first, second);
    const drains = eventsOf('handed-over', topic).map(({ drainMs }) => drainMs >= 1_999);
    expect(drains).toEqual([true, true, true, true]);
    for (const release of released) release();
    await Promise.all([first.close(), second.close()]);
  });

  it('stand by where there are more of them than partitions, and take over', async () => {
    const topic = await aTopic(2);
    const journal = new Journal();
    const members = await Promise.all([1, 2, 3, 4].map(() => join(topic, journal.record)));
    await eventually(() => owned(members).toSorted().join() === '0,0,1,1');
    const busy = members.filter(({ partitions }) => partitions.length === 1);
    const idle = members.filter((member) => !busy.includes(member));
    await Promise.all(busy.map((member) => member.close()));
    await eventually(() => owned(idle).join() === '1,1');
    await publishAll(broker, topic, numbered(20, 10));
    await eventually(() => journal.handled.length === 20);
    await Promise.all(idle.map((member) => member.close()));
  });

  it('come back with what they hold where the roster was lost: nothing moves', async () => {
    const topic = await aTopic();
    const members = [await join(topic), await join(topic)];
    await balanced(...members);
    const before = members.map(({ partitions }) => partitions.toSorted());
    const moves = eventsOf('handed-over', topic).length;
    await using probe = server.client();
    await probe.redis.del(membersKey(topic, 'g'));
    await eventually(() => members.every((member) => member.members.length === 2));
    await eventually(async () => (await probe.redis.hlen(membersKey(topic, 'g'))) === 10);
    expect(members.map(({ partitions }) => partitions.toSorted())).toEqual(before);
    expect(eventsOf('handed-over', topic)).toHaveLength(moves);
    await Promise.all(members.map((member) => member.close()));
  });

  it('pause and resume, with their partitions', async () => {
    const topic = await aTopic();
    const journal = new Journal();
    await using member = await join(topic, journal.record);
    member.pause();
    await publishAll(broker, topic, numbered(20, 4));
    expect(owned([member])).toEqual([PARTITIONS]);
    const other = new Journal();
    await using _witness = await broker.subscribe(topic, 'witness', other.record);
    await eventually(() => other.handled.length === 20);
    expect(journal.handled).toEqual([]);
    member.resume();
    await eventually(() => journal.handled.length === 20);
  });

  it('leave no roster behind when the group is deleted', async () => {
    const topic = await aTopic();
    const member = await join(topic);
    await broker.deleteGroup(topic, 'g', { force: true });
    await eventually(() => eventsOf('group-deleted', topic).length === 1);
    await member.close();
    await using probe = server.client();
    expect(await probe.redis.exists(membersKey(topic, 'g'))).toBe(0);
  });
});

describe('a member with an id', () => {
  it('finds its partitions again after a restart, and meanwhile nobody has them', async () => {
    const topic = await aTopic();
    const [a, b] = [await join(topic, () => {}, { memberId: 'a' }), await join(topic, () => {}, { memberId: 'b' })];
    await balanced(a, b);
    const before = [a, b].map(({ partitions }) => partitions.toSorted());
    await a.close();
    const again = await join(topic, () => {}, { memberId: 'a' });
    await balanced(again, b);
    expect([again, b].map(({ partitions }) => partitions.toSorted())).toEqual(before);
    await Promise.all([again.close(), b.close()]);
  });

  it('has its partitions taken over when it is not back within its session', async () => {
    const topic = await aTopic();
    const options = { leaseDurationMs: 300, leaseStopMs: 200, leaseRenewMs: 50, sessionTimeoutMs: 300 };
    const a = await join(topic, () => {}, { ...options, memberId: 'a' });
    const b = await join(topic, () => {}, { ...options, memberId: 'b' });
    await balanced(a, b);
    await a.close();
    await balanced(b);
    await eventually(() => b.members.join() === 'b');
    await b.close();
  });

  it('is refused while a living one has the same, which goes on', async () => {
    const topic = await aTopic();
    const journal = new Journal();
    const first = await join(topic, journal.record, { memberId: 'a' });
    await expect(join(topic, () => {}, { memberId: 'a' })).rejects.toMatchObject({
      code: 'duplicate-member',
      message: expect.stringContaining("'a'"),
    });
    await balanced(first);
    expect(first.members).toEqual(['a']);
    await publishAll(broker, topic, numbered(20, 10));
    await eventually(() => journal.handled.length === 20);
    await first.close();
  });
});

describe('a new group', () => {
  it('begins where it is told to', async () => {
    const topic = await aTopic(1);
    const keeper = await broker.subscribe(topic, 'keeper', () => new Promise(() => {}), { closeTimeoutMs: 0 });
    await publishAll(broker, topic, numbered(10, 1, 'early'));
    await using probe = server.client();
    const [last] = await probe.redis.xrevrange(groupKeys(topic, 0, 'g').log, '+', '-', 'COUNT', 1);
    const lastMs = Number(last![0].split('-')[0]);
    await eventually(async () => Number((await probe.redis.time())[0]) * 1_000 > lastMs);
    await publishAll(broker, topic, numbered(10, 1, 'late'));
    const journals = { earliest: new Journal(), latest: new Journal(), since: new Journal() };
    await using _earliest = await broker.subscribe(topic, 'e', journals.earliest.record);
    await using _latest = await broker.subscribe(topic, 'l', journals.latest.record, { startAt: 'latest' });
    const startAt = { sinceMs: lastMs + 1 };
    await using _since = await broker.subscribe(topic, 's', journals.since.record, { startAt });
    await publishAll(broker, topic, numbered(10, 1, 'now'));
    await eventually(() => journals.earliest.handled.length === 30);
    await eventually(() => journals.since.handled.length === 20);
    await eventually(() => journals.latest.handled.length === 10);
    expect(journals.since.ids[0]).toBe('late0');
    expect(journals.latest.ids[0]).toBe('now0');
    await keeper.close();
  });
});

function rankOf(id: string): number {
  const [, round, index] = /^r(\d+)-(\d+)$/.exec(id)!;
  return Number(round) * 1_000 + Number(index);
}
