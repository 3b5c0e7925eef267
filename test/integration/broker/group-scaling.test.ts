import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLoad } from '../../../broker/groups/member-load.js';
import {
  type BrokerEvent,
  ExternalScaler,
  type MessageBroker,
  ProcessScaler,
  type ProcessScalerOptions,
  type Subscription,
  type WorkerCrash,
} from '../../../broker/index.js';
import { membersKey } from '../../../broker/log/keys.js';
import { connect, freshTopic, message, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';
import { temporaryFolders } from '../../fixtures/temporary-folder.js';

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

async function aTopic(partitions: number): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions });
  return topic;
}

const scalingsOf = (topic: string) =>
  events.filter((event) => event.kind === 'scaling').filter((event) => event.topic === topic);

/** Publishes to these keys, round robin, until it is stopped; resolves when every publish has its outcome. */
function load(topic: string, keys: readonly string[], perRound: number): { stop(): Promise<void> } {
  let isStopped = false;
  let published = 0;
  const running = (async () => {
    while (!isStopped) {
      const batch = Array.from({ length: perRound }, () => message(`m${++published}`, keys[published % keys.length]));
      await publishAll(broker, topic, batch);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** For each of these partitions a key that lies there. */
async function keysOf(topic: string, partitions: readonly number[]): Promise<string[]> {
  const found = new Map<number, string>();
  await using _finder = await broker.subscribe(
    topic,
    'finder',
    ({ key, partition }) => void found.set(partition, key!),
  );
  for (let i = 0; partitions.some((partition) => !found.has(partition)); i++) {
    await publishAll(broker, topic, [message(`probe-${i}`, `key-${i}`)]);
    await eventually(() => found.size > 0);
  }
  return partitions.map((partition) => found.get(partition)!);
}

describe('partitions', () => {
  const EAGER = { drainMs: 10_000, slack: 0.15, threshold: 0.2, holdMs: 1_000, coolDownMs: 2_000 };

  async function two(topic: string, balancing: typeof EAGER | false): Promise<[Subscription, Subscription]> {
    const options = { balancing, leaseRenewMs: 100 };
    const first = await broker.subscribe(topic, 'g', () => {}, { ...options, memberId: 'a' });
    const second = await broker.subscribe(topic, 'g', () => {}, { ...options, memberId: 'b' });
    await eventually(() => first.partitions.length === 4 && second.partitions.length === 4);
    return [first, second];
  }

  it('go where less comes in, the fewest that it takes, and stay there', async () => {
    const topic = await aTopic(8);
    const [first, second] = await two(topic, EAGER);
    const busy = first.partitions;
    const keys = await keysOf(topic, busy);
    const skewed = load(topic, keys, 8);
    const busyOf = (member: Subscription) => member.partitions.filter((partition) => busy.includes(partition)).length;
    await eventually(() => busyOf(first) === 2 && busyOf(second) === 2);
    expect([first.partitions.length, second.partitions.length]).toEqual([2, 6]);
    // A third one gets its share from whoever has most: the two that are busy stay.
    const third = await broker.subscribe(topic, 'g', () => {}, { balancing: EAGER, leaseRenewMs: 100, memberId: 'c' });
    await eventually(() => third.partitions.length === 2);
    expect(first.partitions).toHaveLength(2);
    await skewed.stop();
    await Promise.all([first, second, third].map((member) => member.close()));
  });

  it('stay where they are when they are not to follow load', async () => {
    const topic = await aTopic(8);
    const [first, second] = await two(topic, false);
    const busy = first.partitions.toSorted();
    const keys = await keysOf(topic, busy);
    const skewed = load(topic, keys, 8);
    await using probe = server.client();
    const roster = membersKey(topic, 'g');
    const beats = async () => Number(await probe.redis.hget(roster, 'beat:a'));
    // Until the figures that would have moved them are there, and for longer than that would have taken.
    await eventually(async () => {
      const load = parseLoad(JSON.parse((await probe.redis.hget(roster, 'report:a')) ?? '{}'));
      return busy.every((partition) => (load?.partitions.get(partition)?.ratePerSec ?? 0) > 10);
    });
    const since = await beats();
    await eventually(async () => (await beats()) > since + 35);
    expect(first.partitions.toSorted()).toEqual(busy);
    await skewed.stop();
    await Promise.all([first.close(), second.close()]);
  });
});

const temporaryFolder = temporaryFolders();
const CONSUMER = fileURLToPath(new URL('../../fixtures/scaled-consumer.ts', import.meta.url));

function scalerOf(topic: string, handlerMs: number, options: Partial<ProcessScalerOptions> = {}): ProcessScaler {
  const args = [String(server.port), topic, 'g', String(handlerMs)];
  const program = { module: CONSUMER, execArgv: ['--import', import.meta.resolve('tsx')], args };
  return new ProcessScaler({ program, ...options });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a group of processes', () => {
  it('grows with its load and shrinks after it, and hands over in order', async () => {
    const topic = await aTopic(8);
    await using scaler = scalerOf(topic, 50);
    const quick = { scaleInHoldMs: 3_000, coolDownMs: 2_000, everyMs: 200, drainMs: 5_000 };
    await using autoscaler = await broker.autoscale(topic, 'g', { scaler, min: 1, max: 3, ...quick });
    await eventually(() => autoscaler.members === 1);
    const keys = Array.from({ length: 64 }, (_, i) => `k${i}`);
    // 8 handlers of 50 ms are 160 a second: twice as much comes in.
    const busy = load(topic, keys, 8);
    await eventually(() => autoscaler.members === 3);
    const before = scaler.pids.map((pid) => pid!);
    expect(before).toHaveLength(3);
    await busy.stop();
    await eventually(() => autoscaler.members === 1);
    expect(before.map(isRunning)).toEqual([true, false, false]);
    const steps = scalingsOf(topic);
    expect(steps[0]).toMatchObject({ from: 0, to: 1 });
    expect(steps.some(({ from, to, reason }) => to > from && reason.includes('messages/s'))).toBe(true);
    expect(steps.at(-1)).toMatchObject({ to: 1 });
  });

  it('has a crashed process again, later each time it crashes at once', async () => {
    const topic = await aTopic(2);
    const crashes: WorkerCrash[] = [];
    await using scaler = scalerOf(topic, 0, { restartBaseMs: 20, onCrash: (crash) => crashes.push(crash) });
    await scaler.scaleTo(2);
    const [first, second] = scaler.pids;
    process.kill(second!, 'SIGKILL');
    await eventually(() => crashes.length === 1 && scaler.pids[1] !== undefined);
    expect(crashes).toEqual([{ index: 1, pid: second, reason: 'signal SIGKILL', restartInMs: 20 }]);
    process.kill(scaler.pids[1]!, 'SIGKILL');
    await eventually(() => crashes.length === 2 && scaler.pids[1] !== undefined);
    expect(crashes[1]).toMatchObject({ index: 1, restartInMs: 40 });
    expect(scaler.pids[0]).toBe(first);
  });

  it('says why a program cannot be started, and is closed all the same', async () => {
    const crashes: WorkerCrash[] = [];
    const scaler = new ProcessScaler({
      program: { command: '/there/is/no/such-program' },
      onCrash: (crash) => crashes.push(crash),
    });
    await scaler.scaleTo(1);
    await eventually(() => crashes.length > 0);
    expect(crashes[0]).toMatchObject({ index: 0, pid: undefined, reason: expect.stringContaining('ENOENT') });
    await scaler[Symbol.asyncDispose]();
    await scaler[Symbol.asyncDispose]();
    await expect(scaler.scaleTo(1)).rejects.toMatchObject({ code: 'closed' });
  });

  it('ends by force what does not end when it is told to, and gives no shell anything to read', async () => {
    const mark = join(temporaryFolder(), 'mark');
    const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);
      require('node:fs').writeFileSync(process.argv[1], process.argv[2])`;
    const program = { command: process.execPath, args: ['-e', stubborn, mark, '$HOME; exit 3'] };
    const scaler = new ProcessScaler({ program, stdio: 'ignore', stopTimeoutMs: 300 });
    await scaler.scaleTo(1);
    const pid = scaler.pids[0]!;
    await eventually(() =>
      readFile(mark, 'utf8').then(
        (text) => text === '$HOME; exit 3',
        () => false,
      ),
    );
    await scaler[Symbol.asyncDispose]();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('a figure for somebody else who scales', () => {
  it('is what a group with members of its own needs', async () => {
    const topic = await aTopic(4);
    await using _member = await broker.subscribe(topic, 'g', () => {});
    const scaler = new ExternalScaler();
    await using autoscaler = await broker.autoscale(topic, 'g', { scaler, min: 2 });
    await eventually(() => scaler.figure().desiredMembers === 2);
    expect(autoscaler.members).toBe(2);
  });

  it('is not to be had of a topic that is not there, or with options that make no sense', async () => {
    const scaler = new ExternalScaler();
    await expect(broker.autoscale(freshTopic(), 'g', { scaler })).rejects.toMatchObject({ code: 'topic-missing' });
    const topic = await aTopic(4);
    await expect(broker.autoscale(topic, 'g', { scaler, min: 9 })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
