import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokerEvent, type BrokerOptions, MessageBroker } from '../../../../broker/index.js';
import { eventually, type RedisServer } from '../../../fixtures/redis-server.js';
import { openSentinelBed, type SentinelBed } from '../../../fixtures/sentinel-bed.js';

let bed: SentinelBed;
beforeAll(async () => {
  bed = await openSentinelBed('--appendonly', 'yes');
});
afterAll(() => bed?.[Symbol.asyncDispose]());

/** Longer than the test may take: who waits that long has not noticed that waiting is useless. */
const FOR_EVER_MS = 600_000;

async function connect(options: Partial<BrokerOptions> = {}) {
  const events: BrokerEvent[] = [];
  const onEvent = (event: BrokerEvent) => events.push(event);
  const broker = await MessageBroker.connect({
    redis: bed.endpoint,
    connectTimeoutMs: FOR_EVER_MS,
    onEvent,
    ...options,
  });
  const notes = () => events.filter((event) => event.kind === 'server-note');
  return { broker, events, notes };
}

async function aReplica(): Promise<RedisServer> {
  const master = await bed.master();
  return bed.servers.find((server) => server !== master)!;
}

async function set(server: RedisServer, name: string, value: string): Promise<void> {
  await using client = server.client();
  await client.redis.config('SET', name, value);
}

describe('behind Sentinel', () => {
  it.each([
    ['appendonly', 'no', 'yes'],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
  ])('a replica with %s %s is no replica to promote', async (name, value, fit) => {
    const replica = await aReplica();
    await set(replica, name, value);
    await expect(connect({ durability: 'replicated' })).rejects.toMatchObject({
      code: 'unsupported-server',
      message: expect.stringMatching(`^127\\.0\\.0\\.1:${replica.port}, a replica: ${name} is '${value}'`),
    });
    await set(replica, name, fit);
    await using _ = (await connect({ durability: 'replicated' })).broker;
  });

  it('a replica that is dead is named, and holds nothing up', async () => {
    const replica = await aReplica();
    await replica.kill();
    const { broker, notes } = await connect();
    await using _ = broker;
    const server = `127.0.0.1:${replica.port}`;
    expect(notes()).toContainEqual({ kind: 'server-note', server, note: expect.stringContaining('not checked') });
    await replica.start();
    await bed.settled();
  });

  it('a new master whose settings were changed meanwhile is told of', async () => {
    const { broker, notes } = await connect();
    await using _ = broker;
    for (const server of bed.servers) await set(server, 'maxmemory-policy', 'allkeys-lru');
    const former = await bed.master();
    await former.kill();
    await eventually(() => notes().length > 0);
    // The broker may have asked another Sentinel, which knew before.
    await eventually(async () => (await bed.master()) !== former);
    const present = await bed.master();
    expect(notes()).toContainEqual({
      kind: 'server-note',
      server: `127.0.0.1:${present.port}`,
      note: expect.stringContaining("unfit for 'replicated': maxmemory-policy is 'allkeys-lru'"),
    });
    await former.start();
    for (const server of bed.servers) await set(server, 'maxmemory-policy', 'noeviction');
    await bed.settled();
  });

  it.each([
    ['of the servers', { username: 'nobody', password: 'wrong' }],
    ['of the Sentinels', { sentinelUsername: 'nobody', sentinelPassword: 'wrong' }],
  ])('a wrong password %s ends connecting at once', async (_, credentials) => {
    await expect(connect({ redis: { ...bed.endpoint, ...credentials } })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: WRONGPASS.*'username' and 'password'/),
    });
  });
});
