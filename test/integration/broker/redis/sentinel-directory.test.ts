import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FailoverEvent } from '../../../../broker/broker-event.js';
import { systemClock } from '../../../../broker/clock.js';
import { FailoverManager } from '../../../../broker/groups/failover-manager.js';
import type { SentinelEndpoint } from '../../../../broker/redis/network.js';
import { redisNetwork } from '../../../../broker/redis/redis-network.js';
import { SentinelDirectory } from '../../../../broker/redis/sentinel-directory.js';
import { eventually, type RedisServer } from '../../../fixtures/redis-server.js';
import { openSentinelBed, type SentinelBed } from '../../../fixtures/sentinel-bed.js';

let bed: SentinelBed;
beforeAll(async () => {
  bed = await openSentinelBed();
});
afterAll(() => bed?.[Symbol.asyncDispose]());

const WITHIN_MS = 60_000;

function open(endpoint: Partial<SentinelEndpoint> = {}): SentinelDirectory {
  const options = { clock: systemClock, random: Math.random, onEvent: () => {} };
  return new SentinelDirectory({ ...bed.endpoint, ...endpoint }, { endpoint: bed.endpoint, ...options });
}

const named = (directory: SentinelDirectory) => directory.masterOf()?.port;

/** Watches over the masters of a directory, with one participant that is always caught up. */
function watch(directory: SentinelDirectory): { readonly steps: FailoverEvent[] } & Disposable {
  const steps: FailoverEvent[] = [];
  const manager = new FailoverManager({
    directory,
    openLink: redisNetwork.openLink,
    credentials: {},
    replyTimeoutMs: 1_000,
    clock: systemClock,
    random: Math.random,
    onEvent: (event) => {
      if (event.kind === 'failover') steps.push(event);
    },
  });
  manager.register({ duty: 'reacquire', isCaughtUp: () => true });
  return { steps, [Symbol.dispose]: () => manager[Symbol.dispose]() };
}

/** A failover to the present master has been reported to its end. */
async function reported(steps: readonly FailoverEvent[], to: number): Promise<void> {
  await eventually(() => steps.at(-1)?.step === 'resumed' && steps.at(-1)?.master.endsWith(`:${to}`) === true);
  const course = steps.filter(({ master }) => master.endsWith(`:${to}`)).map(({ step }) => step);
  for (const step of ['located', 'verified', 'replayed', 'reacquired'] as const) expect(course).toContain(step);
}

/** The directory names another server than `former`; a majority of the Sentinels follows the one that knew it first. */
async function moved(directory: SentinelDirectory, former: RedisServer): Promise<void> {
  await eventually(() => named(directory) !== former.port);
  await eventually(async () => named(directory) === (await bed.master()).port);
}

it('names the master, tells replicas that are down, and follows it through failovers', async () => {
  await using directory = open();
  await directory.ready(WITHIN_MS);
  using manager = watch(directory);
  const first = await bed.master();
  expect(named(directory)).toBe(first.port);
  const names: number[] = [];
  directory.onChange(() => names.push(directory.masterOf()!.epoch));
  const census = () => directory.census(directory.masterOf()!);
  expect(census()).toEqual({ configured: 2, down: 0 });

  // A replica that is killed is missed, until it is back in sync.
  const replica = bed.servers.find((server) => server !== first)!;
  await replica.kill();
  await eventually(() => census().down === 1);
  expect(census().configured).toBe(2);
  await replica.start();
  await eventually(() => census().down === 0);
  await bed.settled();

  // Killed. The old master is a replica of the new one that is down.
  await first.kill();
  await moved(directory, first);
  await reported(manager.steps, named(directory)!);
  expect(manager.steps[0]).toMatchObject({ step: 'noticed', master: `127.0.0.1:${first.port}` });
  await eventually(() => census().down === 1);
  expect(census().configured).toBe(2);
  const second = await bed.master();

  // It comes back as the master that it was, and is not believed.
  await first.start();
  await bed.settled();
  expect(named(directory)).toBe(second.port);

  // Stopped, with all its sockets open; it wakes up as master, and is not believed.
  second.signal('SIGSTOP');
  await moved(directory, second);
  await reported(manager.steps, named(directory)!);
  const third = await bed.master();
  second.signal('SIGCONT');
  await bed.settled();
  expect(named(directory)).toBe(third.port);

  // By hand.
  await using sentinel = bed.sentinels[0]!.client();
  await eventually(async () => {
    const answer = await sentinel.redis.call('SENTINEL', 'FAILOVER', bed.endpoint.master).catch(String);
    return answer === 'OK';
  });
  await moved(directory, third);
  await reported(manager.steps, named(directory)!);
  expect(names).toEqual([...new Set(names)].sort((a, b) => a - b));
}, 400_000);

it('does without one Sentinel that is stopped and one that is dead', async () => {
  await bed.settled();
  const [stopped, dead] = bed.sentinels as [RedisServer, RedisServer, RedisServer];
  stopped.signal('SIGSTOP');
  await dead.kill();
  await using directory = open();
  await directory.ready(WITHIN_MS);
  expect(named(directory)).toBe((await presentByRole()).port);
  // One of three is no majority: nobody is believed to be down.
  expect(directory.census(directory.masterOf()!).down).toBe(0);
  stopped.signal('SIGCONT');
  await dead.start();
  await bed.settled();
});

it('refuses a name that no Sentinel knows, at once', async () => {
  await using directory = open({ master: 'nobody' });
  await expect(directory.ready(WITHIN_MS)).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringContaining("watches 'nobody'"),
  });
});

it('says which Sentinels it did not reach, and why', async () => {
  await using directory = open({ sentinels: [{ host: '127.0.0.1', port: 1 }] });
  await expect(directory.ready(300)).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/127\.0\.0\.1:1: .*ECONNREFUSED/),
  });
});

async function presentByRole(): Promise<RedisServer> {
  for (const server of bed.servers) {
    await using client = server.client();
    if (/^role:master/m.test(await client.redis.info('replication'))) return server;
  }
  throw new Error('no server calls itself master');
}
