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
    replicasNeeded: () => 0,
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

/** The failover to whoever is named now has been reported to its end. */
async function reported(steps: readonly FailoverEvent[], directory: SentinelDirectory): Promise<void> {
  await eventually(() => {
    const course = steps.filter(({ master }) => master === directory.masterOf()?.id).map(({ step }) => step);
    return ['located', 'verified', 'replayed', 'reacquired', 'resumed'].every((step) => course.includes(step as never));
  });
}

/** The directory names another server than `former`; a majority of the Sentinels follows the one that knew it first. */
async function moved(directory: SentinelDirectory, former: RedisServer): Promise<void> {
  await eventually(() => named(directory) !== former.port);
  await agreed(directory);
}

async function agreed(directory: SentinelDirectory): Promise<void> {
  await eventually(async () => named(directory) === (await bed.master()).port);
}

it('names the master, tells replicas that are down, and follows it through failovers', async () => {
  await using directory = open();
  await directory.ready(WITHIN_MS);
  using manager = watch(directory);
  await agreed(directory);
  const names: number[] = [];
  directory.onChange(() => names.push(directory.masterOf()!.epoch));
  const census = () => directory.census(directory.masterOf()!);
  await eventually(() => census().configured === 2 && census().down === 0);

  // A replica that is killed is missed, until it is back in sync.
  const present = await bed.master();
  const replica = bed.servers.find((server) => server !== present)!;
  await replica.kill();
  await eventually(() => census().down === 1);
  expect(census().configured).toBe(2);
  await replica.start();
  await eventually(() => census().down === 0);
  await bed.settled();

  // Killed. The old master is a replica of the new one that is down.
  const killed = await bed.master();
  await killed.kill();
  await moved(directory, killed);
  await reported(manager.steps, directory);
  expect(manager.steps.map(({ step }) => step)).toContain('noticed');
  await eventually(() => census().down === 1);
  expect(census().configured).toBe(2);

  // It comes back as the master that it was.
  await killed.start();
  await bed.settled();
  await agreed(directory);

  // Stopped, with all its sockets open; it wakes up as the master that it was.
  const stopped = await bed.master();
  stopped.signal('SIGSTOP');
  await moved(directory, stopped);
  await reported(manager.steps, directory);
  stopped.signal('SIGCONT');
  await bed.settled();
  await agreed(directory);

  // By hand.
  const former = await bed.master();
  await using sentinel = bed.sentinels[0]!.client();
  await eventually(async () => {
    const answer = await sentinel.redis.call('SENTINEL', 'FAILOVER', bed.endpoint.master).catch(String);
    return answer === 'OK';
  });
  await moved(directory, former);
  await reported(manager.steps, directory);
  // Nobody was believed at an epoch that was over: not those who came back either.
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
