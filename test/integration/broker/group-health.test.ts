import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, Handler, MessageBroker, SubscribeOptions, Subscription } from '../../../broker/index.js';
import { connect, freshTopic, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
let events: BrokerEvent[];
const members: Subscription[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker, events } = await connect(server));
});
afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.close()));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

const PARTITIONS = 10;
/**
 * Leases last longer than any test, so that what moves does not move for them. One event loop is everybody's, and other
 * processes hold it up: that is not what these tests are about.
 */
const OPTIONS: SubscribeOptions = {
  leaseDurationMs: 600_000,
  leaseStopMs: 500_000,
  leaseRenewMs: 100,
  stalledLoopMs: 60_000,
};

/** How long a handler takes. */
interface Pace {
  ms: number;
}

const atPace =
  (pace: Pace): Handler =>
  () =>
    new Promise((resolve) => setTimeout(resolve, pace.ms));

async function aTopic(): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: PARTITIONS });
  return topic;
}

async function join(topic: string, handler: Handler, options: SubscribeOptions = {}): Promise<Subscription> {
  const member = await broker.subscribe(topic, 'g', handler, { ...OPTIONS, ...options });
  members.push(member);
  return member;
}

/** Publishes until it is disposed of: a load that leaves the members time. */
function underLoad(topic: string): AsyncDisposable {
  let isOver = false;
  const run = (async () => {
    for (let round = 0; !isOver; round++) {
      await publishAll(broker, topic, numbered(40, 40, `r${round}-`));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await run;
    },
  };
}

const owned = () => members.map(({ partitions }) => partitions.length);

function told<K extends BrokerEvent['kind']>(kind: K, topic: string): Extract<BrokerEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<BrokerEvent, { kind: K }> => {
    return event.kind === kind && 'topic' in event && event.topic === topic;
  });
}

describe('one sick member among five', () => {
  it('hands its partitions over, and gets them back when it is well', async () => {
    const topic = await aTopic();
    const paces: Pace[] = Array.from({ length: 5 }, () => ({ ms: 5 }));
    const policy: SubscribeOptions = { healthPolicy: { slow: 'drain' }, drainMs: 300 };
    for (const [i, pace] of paces.entries()) await join(topic, atPace(pace), { ...policy, memberId: `m${i}` });
    await eventually(() => owned().join() === '2,2,2,2,2');
    await using _load = underLoad(topic);
    paces[3]!.ms = 150;
    await eventually(() => owned()[3] === 0 && owned().reduce((sum, one) => sum + one) === PARTITIONS);
    // Each tells what it sees.
    await eventually(() => told('member-health', topic).filter(({ isDraining }) => isDraining).length >= 5);
    const [sick] = told('member-health', topic);
    expect(sick).toMatchObject({ member: 'm3', state: 'slow', findings: [{ kind: 'slow' }], isDraining: false });
    paces[3]!.ms = 5;
    await eventually(() => owned().join() === '2,2,2,2,2');
    await eventually(() =>
      members.every((member) => member.health().members.every(({ state }) => state === 'healthy')),
    );
    expect(new Set(told('member-health', topic).map(({ member }) => member))).toEqual(new Set(['m3']));
    expect(told('ownership-lost', topic)).toEqual([]);
  });

  it('and none is told of where all are well, whatever the policy', async () => {
    const topic = await aTopic();
    const drain: SubscribeOptions = {
      healthPolicy: { slow: 'drain', stuck: 'drain', stalled: 'drain', failing: 'drain' },
    };
    for (let i = 0; i < 5; i++) await join(topic, atPace({ ms: 5 }), drain);
    await eventually(() => owned().join() === '2,2,2,2,2');
    const moves = told('handed-over', topic).length;
    await using _load = underLoad(topic);
    await eventually(() => {
      return members.every((member) => {
        const known = member.health().members.filter(({ vitals }) => (vitals?.handlings ?? 0) > 500);
        return known.length === 5;
      });
    });
    expect(told('member-health', topic)).toEqual([]);
    expect([told('handed-over', topic).length, owned()]).toEqual([moves, [2, 2, 2, 2, 2]]);
  });
});

describe('a handler that hangs', () => {
  it('is told of by every member, with the message, until it returns; and somebody is wanted in its place', async () => {
    const topic = await aTopic();
    const waiting: (() => void)[] = [];
    const hangs: Handler = ({ id }) =>
      id === 'sick' ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined;
    const options: SubscribeOptions = {
      healthPolicy: { stuck: 'replace' },
      stuckHandlerMs: 300,
      closeTimeoutMs: 500,
      drainMs: 0,
    };
    for (let i = 0; i < 3; i++) await join(topic, hangs, options);
    await eventually(() => owned().reduce((sum, one) => sum + one) === PARTITIONS && !owned().includes(0));
    await publishAll(broker, topic, [{ id: 'sick', key: 'k', payload: Buffer.alloc(1) }]);
    await eventually(() => owned().includes(0) && owned().reduce((sum, one) => sum + one) === PARTITIONS);
    const [first] = told('replace-wanted', topic);
    expect(first?.findings).toMatchObject([{ kind: 'stuck', count: 1, handlers: [{ id: 'sick', key: 'k' }] }]);
    await eventually(() => {
      return members.every((member) => member.health().members.some(({ state }) => state === 'stuck'));
    });
    for (const finish of waiting) finish();
    await eventually(() => !owned().includes(0) && owned().reduce((sum, one) => sum + one) === PARTITIONS);
    await eventually(() =>
      members.every((member) => member.health().members.every(({ state }) => state === 'healthy')),
    );
  });

  it('is a reason for the others to drain its member where that does not do so itself', async () => {
    const topic = await aTopic();
    let finish = () => {};
    const hangs: Handler = ({ id }) => (id === 'sick' ? new Promise<void>((resolve) => (finish = resolve)) : undefined);
    const options: SubscribeOptions = { stuckHandlerMs: 100, closeTimeoutMs: 300 };
    const careless = await join(topic, hangs, options);
    await publishAll(broker, topic, [{ id: 'sick', key: 'k', payload: Buffer.alloc(1) }]);
    await eventually(() => careless.health().members[0]?.state === 'stuck');
    for (let i = 0; i < 2; i++) await join(topic, () => {}, { ...options, healthPolicy: { stuck: 'drain' } });
    await eventually(() => owned()[0] === 0 && owned().reduce((sum, one) => sum + one) === PARTITIONS);
    await eventually(() => careless.health().members.filter(({ isDraining }) => isDraining).length === 1);
    finish();
  });
});

describe('a process that freezes', () => {
  it('is suspect; and of its stall it tells itself when it goes on', async () => {
    const topic = await aTopic();
    const script = fileURLToPath(new URL('../../fixtures/broker-consumer.ts', import.meta.url));
    const args = ['--import', import.meta.resolve('tsx'), script, String(server.port), topic, 'g', '1'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    try {
      const witness = await broker.subscribe(topic, 'g', () => {});
      members.push(witness);
      await eventually(() => {
        const known = witness
          .health()
          .members.filter(({ state, vitals }) => vitals !== undefined && state === 'healthy');
        return known.length === 2;
      });
      const states = () => told('member-health', topic).map(({ state }) => state);
      child.kill('SIGSTOP');
      await eventually(() => states().includes('suspect'));
      await eventually(() => witness.members.length === 1 && witness.partitions.length === PARTITIONS);
      child.kill('SIGCONT');
      await eventually(() => states().includes('stalled'));
      await eventually(() => states().at(-1) === 'healthy');
    } finally {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
    }
  });
});

it('a message that fails on one member after another is poison: it is told of, and no member is', async () => {
  const topic = await aTopic();
  const fails: Handler = ({ id }) => {
    if (id === 'poison') throw new Error('no');
  };
  const options: SubscribeOptions = { maxAttempts: 1_000, retryBaseMs: 20, retryCapMs: 50 };
  await join(topic, fails, options);
  await publishAll(broker, topic, [{ id: 'poison', key: 'k', payload: Buffer.alloc(1) }]);
  const second = await join(topic, fails, options);
  await members.shift()!.close();
  await eventually(() => told('poison-loop', topic).length === 1);
  expect(told('poison-loop', topic)[0]).toMatchObject({ id: 'poison', key: 'k', members: 2 });
  await eventually(() => second.health().poison.some(({ id }) => id === 'poison'));
  expect(told('member-health', topic)).toEqual([]);
});
