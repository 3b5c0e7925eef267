import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerError, MessageBroker, Subscription } from '../../../broker/index.js';
import { groupKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker } = await connect(server));
});
afterEach(async () => {
  await Promise.all([...children].map(killed));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

/** Longer than any test waits: what happens in spite of it was not for an expired lease. */
const ETERNAL = { leaseDurationMs: 600_000, leaseStopMs: 500_000, leaseRenewMs: 100 };

const owns = (count: number) => (subscription: Subscription) => subscription.partitions.length === count;

describe('a member', () => {
  it('takes over from an owner that was killed', async () => {
    const topic = await topicOf(4);
    const { lines, child } = consumer(topic, 2);
    await publishAll(broker, topic, numbered(600, 12));
    await eventually(() => ended(lines).length > 50);
    const journal = new Journal();
    await using standby = await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => owns(2)(standby));
    await killed(child);
    await eventually(() => owns(4)(standby));
    await eventually(() => new Set([...ended(lines), ...journal.ids]).size === 600);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });

  it('takes over from a zombie: once it runs again it handles nothing more', async () => {
    const topic = await topicOf(4);
    const { lines, child } = consumer(topic, 200);
    // More than it can handle before it is stopped.
    await publishAll(broker, topic, numbered(2_000, 40));
    await eventually(() => ended(lines).length > 8);
    const journal = new Journal();
    await using standby = await broker.subscribe(topic, 'g', journal.record);
    // In the middle of handlers: they take long, and are many at a time.
    child.kill('SIGSTOP');
    await eventually(() => owns(4)(standby));
    await eventually(() => journal.handled.length > 100);
    const started = startedOf(lines).length;
    child.kill('SIGCONT');
    // Each handler that returns would make room for another one. Later the zombie is given a share again.
    await eventually(() => ended(lines).length === started);
    child.kill('SIGKILL');
    expect(startedOf(lines)).toHaveLength(started);
    await publishAll(broker, topic, numbered(400, 40, 'late'));
    await eventually(() => new Set([...ended(lines), ...journal.ids]).size === 2_400);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });

  it('takes the seat of one with its id that was silent for its session, and handles alone once that one runs again', async () => {
    const topic = await topicOf(4);
    const { lines, child } = consumer(topic, 1, 'a');
    await publishAll(broker, topic, numbered(100, 10));
    await eventually(() => ended(lines).length === 100);
    const options = { memberId: 'a', sessionTimeoutMs: 2_000 };
    await expect(broker.subscribe(topic, 'g', () => {}, options)).rejects.toMatchObject({ code: 'duplicate-member' });
    child.kill('SIGSTOP');
    const journal = new Journal();
    await using heir = await subscribed(() => broker.subscribe(topic, 'g', journal.record, options));
    await eventually(() => owns(4)(heir));
    child.kill('SIGCONT');
    await eventually(() => lines.includes('replaced'));
    await publishAll(broker, topic, numbered(100, 10, 'late'));
    await eventually(() => journal.handled.length === 100);
    expect(startedOf(lines)).toHaveLength(100);
    expect(heir.members).toEqual(['a']);
  });

  it('takes over at once from an owner that closes', async () => {
    const topic = await topicOf(4);
    const [first, second] = [new Journal(), new Journal()];
    const owner = await broker.subscribe(topic, 'g', first.record, ETERNAL);
    await using other = await broker.subscribe(topic, 'g', second.record, ETERNAL);
    await eventually(() => owns(2)(owner) && owns(2)(other));
    await publishAll(broker, topic, numbered(100, 10));
    await eventually(() => first.handled.length + second.handled.length === 100);
    await owner.close();
    await eventually(() => owns(4)(other));
    await publishAll(broker, topic, numbered(100, 10, 'late'));
    await eventually(() => first.handled.length + second.handled.length === 200);
    expect(new Set([...first.ids, ...second.ids]).size).toBe(200);
  });
});

describe('an owner whose lease the replicas do not confirm', () => {
  it('handles nothing until they do', async () => {
    await using followed = await RedisServer.start('--repl-diskless-sync-delay', '0', '--appendonly', 'yes');
    await using replica = await RedisServer.start('--replicaof', followed.host, String(followed.port));
    await using copy = replica.client();
    await eventually(async () => /master_link_status:up/.test(await copy.redis.info('replication')));
    const redis = { ...followed.address, replicas: 1 };
    const { broker: careful } = await connect(followed, { redis, durability: 'replicated' });
    await using _ = careful;
    // In `leader`, so that it publishes without the replica.
    const { broker: carefree } = await connect(followed, { redis, durability: 'leader' });
    await using _carefree = carefree;
    const topic = freshTopic();
    await careful.createTopic(topic, { partitions: 2 });
    const journal = new Journal();
    const subscription = await careful.subscribe(topic, 'g', journal.record);
    await publishAll(careful, topic, numbered(50, 5));
    await eventually(() => journal.handled.length === 50);
    const master = { id: `${followed.host}:${followed.port}`, ...followed.address, epoch: 0 };
    await eventually(() => subscription.isCaughtUp(master));
    replica.signal('SIGSTOP');
    await eventually(() => !subscription.isCaughtUp(master));
    await publishAll(carefree, topic, numbered(50, 5, 'late'));
    await eventually(async () => (await collect(carefree.inventory(topic, 'g'))).length === 50);
    expect(journal.handled).toHaveLength(50);
    replica.signal('SIGCONT');
    await eventually(() => journal.handled.length === 100);
    expect(subscription.partitions).toHaveLength(2);
  });
});

describe('the group in Redis', () => {
  it('shows position and lag', async () => {
    const topic = await topicOf(1);
    const { log } = groupKeys(topic, 0, 'g');
    await using probe = server.client();
    const groupOf = async (name: string) => {
      const groups = (await probe.redis.xinfo('GROUPS', log).catch(() => [])) as unknown[][];
      const found = groups.find((flat) => flat[1] === name) ?? [];
      return Object.fromEntries(found.flatMap((field, i) => (i % 2 === 0 ? [[field, found[i + 1]]] : [])));
    };
    const subscription = await broker.subscribe(topic, 'g', () => {});
    await eventually(async () => (await groupOf('g')).lag === 0);
    await publishAll(broker, topic, numbered(500, 5));
    const length = () => probe.redis.xlen(log);
    await eventually(async () => (await length()) === 0 && (await groupOf('g')).lag === 0);
    const last = (await groupOf('g'))['last-delivered-id'];
    expect(last).toBe(await probe.redis.hget(groupKeys(topic, 0, 'g').position, 'low'));
    await subscription.close();
    for (let i = 0; i < 7; i++) await broker.publish(topic, message(`late${i}`));
    await using _late = await broker.subscribe(topic, 'late', () => new Promise(() => {}), { closeTimeoutMs: 0 });
    await eventually(async () => (await groupOf('late')).lag === 7);
    expect((await groupOf('g')).lag).toBe(7);
  });
});

describe('a stream that somebody deletes', () => {
  it('costs what it held: what is published from then on is handled', async () => {
    const topic = await topicOf(1);
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    await using probe = server.client();
    const { log } = groupKeys(topic, 0, 'g');
    for (let round = 1; round <= 3; round++) {
      await publishAll(broker, topic, numbered(50, 5, `r${round}-`));
      await eventually(() => journal.handled.length === 50 * round);
      await probe.redis.del(log);
    }
    await publishAll(broker, topic, numbered(50, 5, 'last'));
    await eventually(() => journal.handled.length === 200);
    await eventually(async () => ((await probe.redis.xinfo('GROUPS', log)) as unknown[]).length === 1);
  });
});

async function topicOf(partitions: number): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions });
  return topic;
}

/** The id is refused for as long as its last beat may be that of a living one. */
async function subscribed(subscribe: () => Promise<Subscription>): Promise<Subscription> {
  let subscription: Subscription | undefined;
  await eventually(async () => {
    subscription = await subscribe().catch((error: BrokerError) => {
      if (error.code !== 'duplicate-member') throw error;
      return undefined;
    });
    return subscription !== undefined;
  });
  return subscription!;
}

function consumer(topic: string, handlerMs: number, memberId = ''): { lines: string[]; child: ChildProcess } {
  const script = fileURLToPath(new URL('../../fixtures/broker-consumer.ts', import.meta.url));
  const args = [
    '--import',
    import.meta.resolve('tsx'),
    script,
    String(server.port),
    topic,
    'g',
    String(handlerMs),
    '',
    memberId,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { lines, child };
}

/** Resolves when the process has ended and all it wrote was read. */
async function killed(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

function startedOf(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('start'));
}

function ended(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('end')).map((line) => line.split(' ')[1]!);
}
