import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerEvent, FailurePattern, MessageBroker, OutgoingMessage } from '../../../broker/index.js';
import { systemClock } from '../../../harness/clock.js';
import { Handler } from '../../../harness/load/handler.js';
import { messageId, PayloadBuilder } from '../../../harness/load/payload.js';
import { keyName, planLoad } from '../../../harness/load/plan.js';
import type { HandlerSpec } from '../../../harness/scenario/scenario.js';
import { connect, freshTopic, publishAll } from '../../fixtures/broker-bed.js';
import { constant, loadScenario, NONCE, phase } from '../../fixtures/load-scenario.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const RETRIES = { maxAttempts: 3, retryBaseMs: 50, retryCapMs: 200 };
const BATCH = 40;
const SEED = 42;

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

/** The load of a scenario, and the application that it says, as the harness' workers have them. */
class Load {
  readonly topic = freshTopic();
  readonly #plan = planLoad(
    loadScenario({
      message: { poison: { undecodable: 0.02, failing: 0.02 } },
      phases: [phase(constant(4_000), 20_000)],
    }),
  );
  readonly #builder = new PayloadBuilder(NONCE, 64);
  #next = 0;

  handler(spec: Partial<HandlerSpec>) {
    const handler = new Handler({
      plan: this.#plan,
      nonce: NONCE,
      seed: SEED,
      spec: { timeMs: 0, cpuMs: 0, failShare: 0, ...spec },
      ledger: { append: () => {}, flushed: () => Promise.resolve() },
      clock: systemClock,
    });
    return (message: Parameters<Handler['handle']>[0]) => handler.handle(message);
  }

  /** Publishes some more, as long as there are any. */
  async more(): Promise<void> {
    const messages: OutgoingMessage[] = [];
    for (; messages.length < BATCH && this.#next < this.#plan.count; this.#next++) {
      const [key, poison] = [this.#plan.key[this.#next]!, this.#plan.poison[this.#next]!];
      const payload = this.#builder.write(this.#builder.allocate(1), 0, this.#next, key, poison);
      messages.push({ id: messageId(NONCE, this.#next), key: keyName(key), payload });
    }
    await publishAll(broker, this.topic, messages);
  }
}

const natures = (patterns: readonly FailurePattern[]) =>
  Object.fromEntries(patterns.map(({ template, nature }) => [template.split(' ').slice(0, 2).join(' '), nature]));

describe('failure patterns of a load that the harness makes', () => {
  it('tell its poison from what fails now and then, and are told', async () => {
    const load = new Load();
    await broker.createTopic(load.topic, { partitions: 4 });
    const options = { ...RETRIES, ordering: 'none' } as const;
    await using subscription = await broker.subscribe(load.topic, 'g', load.handler({ failShare: 0.05 }), options);
    const expected = {
      'UndecodableError: the': 'poison',
      'HandlerFailure: message': 'poison',
      'HandlerFailure: attempt': 'transient',
    };
    const told = () =>
      events.filter((event) => event.kind === 'failure-pattern' && event.topic === load.topic) as Extract<
        BrokerEvent,
        { kind: 'failure-pattern' }
      >[];
    await eventually(async () => {
      await load.more();
      return told().filter(({ change }) => change === 'appeared').length === 2;
    }, 30_000);
    const patterns = subscription.failurePatterns();
    expect(natures(patterns)).toMatchObject(expected);
    expect(patterns.flatMap(({ findings }) => findings)).toEqual([]);
    expect(told().map(({ pattern }) => pattern.nature)).toEqual(['poison', 'poison']);
  });

  it('find the member whose handler is broken among all, in what the group has given up', async () => {
    const load = new Load();
    await broker.createTopic(load.topic, { partitions: 6 });
    const join = (memberId: string, failShare: number) =>
      broker.subscribe(load.topic, 'g', load.handler({ failShare }), { ...RETRIES, memberId });
    await using _a = await join('well', 0);
    await using _b = await join('sick', 0.9);
    await using _c = await join('fine', 0);
    const letters = await broker.deadLetters(load.topic, 'g');
    let found: readonly FailurePattern[] = [];
    await eventually(async () => {
      await load.more();
      found = (await letters.failurePatterns()).patterns.filter(({ template }) => template.includes('attempt'));
      return found.some(({ findings }) => findings.length > 0);
    }, 30_000);
    expect(found[0]!.findings).toMatchObject([{ kind: 'one-consumer', value: 'sick' }]);
  });
});
