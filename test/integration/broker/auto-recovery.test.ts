import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AutoRecoveryOptions,
  type BrokerEvent,
  type DeadLetters,
  type IncomingMessage,
  type MessageBroker,
  READY_PLAYBOOKS,
} from '../../../broker/index.js';
import { groupKeys, membersKey, recoveryKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const RETRIES = { maxAttempts: 1, stuckHandlerMs: 200, balancing: false, breaker: false } as const;
const SOON = { lookEveryMs: 100 };

let server: RedisServer;
let redis: Redis;
let broker: MessageBroker;
let events: BrokerEvent[];
beforeAll(async () => {
  server = await RedisServer.start();
  ({ redis } = server.client());
  ({ broker, events } = await connect(server));
});
afterAll(async () => {
  await broker.close();
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

/** A group whose handler fails as long as `isBroken`. */
class Shop {
  readonly topic = freshTopic();
  readonly journal = new Journal();
  isBroken = true;
  letters!: DeadLetters;

  readonly handle = (incoming: IncomingMessage): void => {
    if (this.isBroken) throw new Error('the shop is closed');
    this.journal.record(incoming);
  };

  static async open(count: number): Promise<Shop> {
    const shop = new Shop();
    await broker.createTopic(shop.topic, { partitions: 2 });
    await broker.subscribe(shop.topic, 'g', shop.handle, RETRIES);
    await publishAll(broker, shop.topic, numbered(count, 4));
    shop.letters = await broker.deadLetters(shop.topic, 'g');
    await eventually(async () => (await shop.dead()) === count);
    return shop;
  }

  async dead(): Promise<number> {
    return (await collect(this.letters.list())).length;
  }

  recover(options: AutoRecoveryOptions) {
    return broker.autoRecover(this.topic, 'g', { ...SOON, ...options });
  }

  async status() {
    return await (await broker.recovery(this.topic, 'g')).status();
  }

  /** Resolves when the leader has looked so many times more. */
  async looks(count: number): Promise<void> {
    const { state } = recoveryKeys(this.topic, 'g');
    const seen = new Set([await redis.hget(state, 'until')]);
    await eventually(async () => seen.add(await redis.hget(state, 'until')).size > count);
  }

  states(): string[] {
    return events.flatMap((event) => (event.kind === 'recovery' && event.topic === this.topic ? [event.state] : []));
  }

  async audit(): Promise<string[]> {
    return (await collect((await broker.recovery(this.topic, 'g')).audit())).map(({ what }) => what);
  }
}

const QUIET = { on: 'dead-letters-quiet', quietForMs: 200 } as const;
const RECOVERED = {
  ...READY_PLAYBOOKS.dependencyRecovered,
  when: QUIET,
  checks: { membersAtLeast: 1 },
  goneForMs: 1_000,
};
const SLOWLY = { ...RECOVERED, steps: [{ do: 'redrive', perSecond: 20, canaries: 0 }] } as const;

describe('a playbook', () => {
  it('puts dead letters back when what was broken is well, step by step, and writes down what it did', async () => {
    const shop = await Shop.open(20);
    shop.isBroken = false;
    await using _ = await shop.recover({ playbooks: [RECOVERED] });
    await eventually(() => shop.states().includes('recovered'));
    expect(shop.states()).toEqual(['running', 'recovered']);
    expect(new Set(shop.journal.ids).size).toBe(20);
    expect(await shop.audit()).toEqual([
      'step 1: redrive',
      'done',
      'step 2: redrive',
      'done',
      'step 3: redrive',
      'done',
      'gone',
      'recovered',
    ]);
    expect((await shop.status()).runs).toMatchObject([{ state: 'recovered', playbook: 'dependency-recovered' }]);
  });

  it('leaves the others where they are while a canary fails, and tells somebody', async () => {
    const shop = await Shop.open(20);
    await using _ = await shop.recover({ playbooks: [{ ...RECOVERED, tries: 2, retryAfterMs: 10 }] });
    await eventually(() => shop.states().includes('escalated'));
    await eventually(async () => (await shop.dead()) === 20);
    const attempts = (await collect(shop.letters.list())).map(({ attempts: all }) => all);
    expect(attempts.filter((all) => all > 1).length).toBeLessThanOrEqual(2);
    const told = events.find((event) => event.kind === 'recovery' && event.state === 'escalated');
    expect(told).toMatchObject({ note: expect.stringMatching(/canary-failed/) });
  });

  it('does nothing in a dry run but say what it would do', async () => {
    const shop = await Shop.open(5);
    shop.isBroken = false;
    await using _ = await shop.recover({ playbooks: [RECOVERED], dryRun: true });
    await eventually(() => shop.states().includes('cancelled'));
    const told = events.find((event) => event.kind === 'recovery' && event.topic === shop.topic);
    expect(told).toMatchObject({ note: expect.stringMatching(/^dry run: it would redrive, /) });
    expect(await shop.dead()).toBe(5);
    expect([await shop.status(), await shop.audit()]).toEqual([{ leader: undefined, off: undefined, runs: [] }, []]);
  });

  it('sets a cause aside that gives up message after message: those that come fail once, and others are not touched', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    const journal = new Journal();
    const handle = (incoming: IncomingMessage) => {
      journal.record(incoming);
      if (incoming.key === 'k0') throw new Error('no such product');
      if (incoming.key === 'k1') throw new Error('another trouble');
    };
    await using _member = await broker.subscribe(topic, 'g', handle, {
      maxAttempts: 2,
      retryBaseMs: 1,
      breaker: false,
    });
    const letters = await broker.deadLetters(topic, 'g');
    await publishAll(broker, topic, numbered(40, 8, 'a'));
    await eventually(async () => (await collect(letters.list())).length === 10);
    const playbooks = [
      {
        ...READY_PLAYBOOKS.poisonBurst,
        when: { on: 'dead-letters-burst', atLeast: 8, withinMs: 60_000 },
        checks: {},
        tries: 1,
      } as const,
    ];
    await publishAll(
      broker,
      topic,
      [...Array(8).keys()].map((i) => message(`b${i}`, 'k0')),
    );
    await using _ = await broker.autoRecover(topic, 'g', { ...SOON, playbooks });
    const isTold = () => events.some((event) => event.kind === 'recovery' && event.topic === topic);
    await eventually(isTold);
    await eventually(async () => {
      await publishAll(broker, topic, [message('c0', 'k0')]);
      return (await collect(letters.list({ shelf: 'quarantine' }))).length > 0;
    });
    await publishAll(broker, topic, numbered(8, 8, 'd'));
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).every(({ place }) => place !== 'retry'));
    await eventually(() => journal.ids.filter((id) => id === 'd1').length === 2);
    const aside = await collect(letters.list({ shelf: 'quarantine' }));
    expect(aside.every(({ key, attempts }) => key === 'k0' && attempts === 1)).toBe(true);
    const [cause] = await letters.kinds();
    expect(new Set(aside.map(({ fingerprint }) => fingerprint))).toEqual(new Set([cause!.fingerprint]));
    expect(journal.ids.filter((id) => id === 'd0')).toHaveLength(1);
  });

  it('is stopped by the switch, and goes on from there when that is on again', async () => {
    const shop = await Shop.open(40);
    shop.isBroken = false;
    await using _ = await shop.recover({ playbooks: [SLOWLY] });
    await eventually(() => shop.journal.handled.length > 0);
    const recovery = await broker.recovery(shop.topic, 'g');
    await recovery.switchOff({ by: 'ann', why: 'migration' });
    await shop.looks(2);
    const dead = await shop.dead();
    await shop.looks(5);
    expect([await shop.dead(), shop.journal.handled.length]).toEqual([dead, 40 - dead]);
    expect(dead).toBeGreaterThan(0);
    expect((await recovery.status()).off).toMatchObject({ by: 'ann', why: 'migration' });
    expect(shop.states()).toEqual(['running']);
    await recovery.switchOn({ by: 'ann' });
    await eventually(() => shop.states().includes('recovered'));
    expect(new Set(shop.journal.ids).size).toBe(40);
    const switched = (await shop.audit()).filter((what) => what.startsWith('switched'));
    expect(switched).toEqual(['switched off', 'switched on']);
  });

  it('is carried out by one at a time; where that ends in the middle, another one goes on', async () => {
    const shop = await Shop.open(40);
    shop.isBroken = false;
    const first = await shop.recover({ playbooks: [SLOWLY] });
    await eventually(() => shop.journal.handled.length > 0);
    await using second = await shop.recover({ playbooks: [SLOWLY] });
    expect([first.leads, second.leads]).toEqual([true, false]);
    await first.close();
    expect(await shop.dead()).toBeGreaterThan(0);
    await eventually(() => shop.states().includes('recovered'));
    expect(second.leads).toBe(true);
    expect(new Set(shop.journal.ids).size).toBe(40);
    expect((await shop.status()).runs).toHaveLength(1);
  });

  it('that another one began is not carried out by a dry run', async () => {
    const shop = await Shop.open(40);
    shop.isBroken = false;
    const first = await shop.recover({ playbooks: [SLOWLY] });
    await eventually(() => shop.journal.handled.length > 0);
    await first.close();
    await eventually(async () => (await shop.dead()) + shop.journal.handled.length === 40);
    const dead = await shop.dead();
    await using _ = await shop.recover({ playbooks: [SLOWLY], dryRun: true });
    await eventually(() => shop.states().includes('cancelled'));
    expect([await shop.dead(), (await shop.status()).runs[0]?.state]).toEqual([dead, 'running']);
  });

  it('that was changed since is ended, and keeps none from beginning', async () => {
    const shop = await Shop.open(20);
    shop.isBroken = false;
    const first = await shop.recover({ playbooks: [{ ...SLOWLY, steps: [...SLOWLY.steps, { do: 'trim' as const }] }] });
    await eventually(() => shop.journal.handled.length > 0);
    await first.close();
    await using _ = await shop.recover({ playbooks: [{ ...SLOWLY, coolDownMs: 0 }] });
    await eventually(() => shop.states().includes('recovered'));
    expect(shop.states()).toContain('cancelled');
    expect(new Set(shop.journal.ids).size).toBe(20);
  });

  it('that nobody has any more is ended', async () => {
    const shop = await Shop.open(20);
    shop.isBroken = false;
    const first = await shop.recover({ playbooks: [{ ...SLOWLY, name: 'of-before' }] });
    await eventually(() => shop.journal.handled.length > 0);
    await first.close();
    await using _ = await shop.recover({ playbooks: [{ ...RECOVERED, when: { ...QUIET, atLeast: 1_000 } }] });
    await eventually(() => shop.states().includes('cancelled'));
    expect((await shop.status()).runs).toMatchObject([{ note: 'there is no such playbook any more' }]);
  });

  it('registers a group again that was lost, and not one that somebody deleted', async () => {
    const shop = await Shop.open(1);
    const { groups } = groupKeys(shop.topic, 1, 'g');
    const playbooks = [
      { ...READY_PLAYBOOKS.groupLost, when: { on: 'group-missing' as const, forMs: 200 }, coolDownMs: 0 },
    ];
    await using _ = await shop.recover({ playbooks });
    await redis.hdel(groups, 'g');
    await eventually(async () => (await redis.hexists(groups, 'g')) === 1);
    await eventually(() => shop.states().includes('recovered'));
    const runs = (await shop.status()).runs.length;
    await broker.deleteGroup(shop.topic, 'g', { force: true });
    await shop.looks(8);
    expect(await redis.hexists(groups, 'g')).toBe(0);
    expect((await shop.status()).runs).toHaveLength(runs);
  });

  it('drains a member whose handler hangs, and asks for another one', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const hung = new AbortController();
    const hang = () => (hung.signal.aborted ? undefined : once(hung.signal, 'abort').then(() => {}));
    await using _sick = await broker.subscribe(topic, 'g', hang, { ...RETRIES, memberId: 'sick' });
    await using _well = await broker.subscribe(topic, 'g', () => {}, { ...RETRIES, memberId: 'well' });
    const replaced: string[] = [];
    await using _ = await broker.autoRecover(topic, 'g', {
      ...SOON,
      playbooks: [{ ...READY_PLAYBOOKS.sickConsumer, when: { on: 'member-sick', forMs: 100 } }],
      replaceMember: async (member) => void replaced.push(member),
    });
    await eventually(async () => {
      await publishAll(broker, topic, numbered(8, 8));
      return replaced.length > 0;
    });
    expect(replaced).toEqual(['sick']);
    const seat = await redis.hget(membersKey(topic, 'g'), 'member:sick');
    expect(JSON.parse(String(seat))).toMatchObject({ isDraining: true });
    hung.abort();
  });
});
