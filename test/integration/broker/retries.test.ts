import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, IncomingMessage, MessageBroker, SubscribeOptions } from '../../../broker/index.js';
import { collect, connect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
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

const QUICK = { retryBaseMs: 5, retryCapMs: 50, breaker: { openMs: 50, maxOpenMs: 200 } } as const;

/** A group whose handler needs a shop that may be closed. */
class Shop {
  readonly topic = freshTopic();
  readonly journal = new Journal();
  isClosed = true;
  calls = 0;

  readonly handle = (incoming: IncomingMessage): void => {
    this.calls++;
    if (this.isClosed) throw new Error('the shop is closed');
    this.journal.record(incoming);
  };

  async open(options: SubscribeOptions, handle = this.handle) {
    await broker.createTopic(this.topic, { partitions: 2 });
    return await broker.subscribe(this.topic, 'g', handle, options);
  }

  states(): string[] {
    return events.flatMap((event) => (event.kind === 'breaker' && event.topic === this.topic ? [event.state] : []));
  }

  async dead(): Promise<number> {
    return (await collect((await broker.deadLetters(this.topic, 'g')).list())).length;
  }
}

describe('while what handlers need is down', () => {
  it('nothing is given up, and little is tried; everything is handled afterwards', async () => {
    const shop = new Shop();
    await using member = await shop.open(QUICK);
    await publishAll(broker, shop.topic, numbered(500, 50));
    await eventually(() => shop.states().filter((state) => state === 'half-open').length >= 3);
    expect(shop.calls).toBeLessThan(100);
    shop.isClosed = false;
    await eventually(() => shop.journal.handled.length === 500);
    expect(new Set(shop.journal.ids).size).toBe(500);
    for (let key = 0; key < 50; key++) {
      const numbers = shop.journal.of(`k${key}`).map((id) => Number(id.slice(1)));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(shop.states().at(-1)).toBe('closed');
    expect(await shop.dead()).toBe(0);
    expect(member.retryAnalytics()).toMatchObject({ givenUp: 0, breakers: [{ state: 'closed' }] });
    expect(member.retryAnalytics().amplification).toBeLessThan(1.2);
  });

  it('nothing is given up, either, where much was handled right before', async () => {
    const shop = new Shop();
    shop.isClosed = false;
    await using member = await shop.open(QUICK);
    await publishAll(broker, shop.topic, numbered(2_000, 50));
    await eventually(() => shop.journal.handled.length === 2_000);
    shop.isClosed = true;
    await publishAll(broker, shop.topic, numbered(300, 50, 'n'));
    await eventually(() => shop.states().filter((state) => state === 'half-open').length >= 3);
    expect(shop.calls).toBeLessThan(2_100);
    shop.isClosed = false;
    await eventually(() => shop.journal.handled.length === 2_300);
    expect(await shop.dead()).toBe(0);
    expect(member.retryAnalytics().givenUp).toBe(0);
  });

  it('without the breaker and the budget every message uses up its attempts', async () => {
    const shop = new Shop();
    await using member = await shop.open({ ...QUICK, breaker: false, retryBudget: false });
    await publishAll(broker, shop.topic, numbered(500, 50));
    await eventually(async () => (await shop.dead()) === 500);
    expect(member.retryAnalytics()).toMatchObject({ givenUp: 500, amplification: 5, breakers: [], budget: null });
  });

  it('what does not need it goes on', async () => {
    const shop = new Shop();
    const handle = (incoming: IncomingMessage) => {
      if (incoming.key === 'k0') shop.handle(incoming);
      else shop.journal.record(incoming);
    };
    const dependencyOf = ({ key }: IncomingMessage) => (key === 'k0' ? 'shop' : undefined);
    const options = { ...QUICK, ordering: 'none' as const, dependencyOf };
    await using member = await shop.open(options, handle);
    await publishAll(broker, shop.topic, numbered(400, 4));
    await eventually(() => shop.journal.handled.length === 300);
    await eventually(() => shop.states().includes('half-open'));
    expect(member.retryAnalytics().breakers).toMatchObject([{ state: 'closed' }, { dependency: 'shop' }]);
    shop.isClosed = false;
    await eventually(() => shop.journal.handled.length === 400);
    expect(await shop.dead()).toBe(0);
  });
});

describe('a few messages that always fail', () => {
  it('open no breaker, and are given up', async () => {
    const shop = new Shop();
    const handle = (incoming: IncomingMessage) => {
      if (incoming.key === 'k7') throw new Error('no such product');
      shop.journal.record(incoming);
    };
    await using _ = await shop.open(QUICK, handle);
    await publishAll(broker, shop.topic, numbered(1_000, 100));
    await eventually(async () => (await shop.dead()) === 10);
    expect([shop.journal.handled.length, shop.states()]).toEqual([990, []]);
  });
});

describe('an error that says when to try again', () => {
  it('is obeyed, beyond the longest pause, by the next owner, too', async () => {
    const shop = new Shop();
    const triedAtMs: number[] = [];
    const handle = () => {
      triedAtMs.push(performance.now());
      if (triedAtMs.length === 1) throw Object.assign(new Error('busy'), { retryAfterMs: 2_000 });
    };
    const first = await shop.open({ ...QUICK, breaker: false }, handle);
    await publishAll(broker, shop.topic, numbered(1, 1));
    await eventually(() => triedAtMs.length === 1);
    await first.close();
    await using _ = await shop.open({ ...QUICK, breaker: false }, handle);
    await eventually(() => triedAtMs.length === 2);
    expect(triedAtMs[1]! - triedAtMs[0]!).toBeGreaterThanOrEqual(1_990);
  });
});

describe('a key with many messages behind one that fails', () => {
  it('goes on without that one', async () => {
    const shop = new Shop();
    const handle = (incoming: IncomingMessage) => {
      if (incoming.id === 'm0') throw new Error('no such product');
      shop.journal.record(incoming);
    };
    await using _ = await shop.open(
      { ...QUICK, retryBaseMs: 60_000, retryCapMs: 60_000, maxWaitingPerKey: 50 },
      handle,
    );
    await publishAll(broker, shop.topic, numbered(100, 1));
    await eventually(() => shop.journal.handled.length === 99);
    const letters = await broker.deadLetters(shop.topic, 'g');
    const aside = async () => (await collect(letters.list({ shelf: 'quarantine' }))).map(({ id }) => id);
    // It is recorded a moment after those behind it go on.
    await eventually(async () => (await aside()).length > 0);
    expect(await aside()).toEqual(['m0']);
  });
});
