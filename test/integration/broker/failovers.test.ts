import { expect, it } from 'vitest';
import { type BrokerEvent, MessageBroker, type PublishOutcome } from '../../../broker/index.js';
import type { RedisEndpoint } from '../../../broker/redis/network.js';
import { slotOf } from '../../../broker/redis/slot.js';
import { collect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { type ClusterBed, openClusterBed } from '../../fixtures/cluster-bed.js';
import { eventually, type RedisServer } from '../../fixtures/redis-server.js';
import { openSentinelBed } from '../../fixtures/sentinel-bed.js';

const KEYS = 20;
const PARTITIONS = 6;
const SERVER = ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'];
const TIMEOUT_MS = 360_000;
/** What is published while something goes on: more would only take longer to handle. */
const MOST_BATCHES = 3_000;

it(
  'two failovers in a row, with handlers under way: everything is handled once and in order',
  async () => {
    await using bed = await openSentinelBed(...SERVER);
    await using load = await Load.start(bed.endpoint);
    for (let failover = 1; failover <= 2; failover++) {
      await load.flows();
      const master = await bed.master();
      await master.kill();
      await load.until(() => load.reacquired.length >= PARTITIONS * failover);
      await master.start();
      await bed.settled();
    }
    await load.isHandledOnceInOrder();
  },
  TIMEOUT_MS,
);

it(
  'a cluster loses a master, and moves a slot: everything is handled once and in order',
  async () => {
    await using bed = await openClusterBed(...SERVER);
    await using load = await Load.start(bed.endpoint);
    await load.flows();
    const slot = slotOf(load.topic, 0);
    const lost = await ownerOf(bed, slot);
    await lost.kill();
    await load.until(() => load.reacquired.includes(0));
    await lost.start();
    await bed.settled();
    await load.flows();
    const [from, to] = [await ownerOf(bed, slot), await ownerOf(bed, slot, false)];
    const times = load.reacquired.filter((partition) => partition === 0).length;
    await load.during(moveSlot(slot, from, to));
    await load.until(() => load.reacquired.filter((partition) => partition === 0).length > times);
    await load.isHandledOnceInOrder();
  },
  TIMEOUT_MS,
);

/** Publishes whenever asked to, and handles with a handler that takes a moment. */
class Load implements AsyncDisposable {
  readonly topic = freshTopic();
  readonly #broker: MessageBroker;
  readonly #journal = new Journal();
  readonly #ids: string[] = [];
  readonly #outcomes: Promise<PublishOutcome[]>[] = [];
  /** Partitions, in the order in which they were acquired again. */
  readonly reacquired: readonly number[];

  private constructor(broker: MessageBroker, reacquired: readonly number[]) {
    this.#broker = broker;
    this.reacquired = reacquired;
  }

  static async start(redis: RedisEndpoint): Promise<Load> {
    const reacquired: number[] = [];
    const onEvent = (event: BrokerEvent) => {
      if (event.kind === 'reacquired') reacquired.push(event.partition);
    };
    const options = { redis, durability: 'replicated', publishTimeoutMs: 100_000, onEvent } as const;
    const load = new Load(await MessageBroker.connect(options), reacquired);
    await load.#broker.createTopic(load.topic, { partitions: PARTITIONS });
    await load.#broker.subscribe(load.topic, 'g', async (incoming) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      load.#journal.record(incoming);
    });
    return load;
  }

  /** Publishes until the condition is true. */
  async until(condition: () => boolean): Promise<void> {
    await eventually(() => {
      if (this.#outcomes.length < MOST_BATCHES) this.#publish();
      return condition();
    });
  }

  async flows(): Promise<void> {
    const before = this.#journal.handled.length;
    await this.until(() => this.#journal.handled.length > before + 300);
  }

  async during(action: Promise<void>): Promise<void> {
    let isDone = false;
    const done = action.finally(() => {
      isDone = true;
    });
    await Promise.all([done, this.until(() => isDone)]);
  }

  async isHandledOnceInOrder(): Promise<void> {
    const kinds = (await Promise.all(this.#outcomes)).flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== 'accepted')).toEqual([]);
    await eventually(() => new Set(this.#journal.ids).size === this.#ids.length);
    await eventually(async () => (await collect(this.#broker.inventory(this.topic, 'g'))).length === 0);
    expect(this.#journal.handled).toHaveLength(this.#ids.length);
    for (let k = 0; k < KEYS; k++) {
      const inOrder = this.#ids.filter((id) => Number(id.split('-')[1]) % KEYS === k);
      expect(this.#journal.of(`k${k}`)).toEqual(inOrder);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#broker.close();
  }

  #publish(): void {
    const batch = numbered(KEYS, KEYS, `b${this.#outcomes.length}-`);
    this.#ids.push(...batch.map(({ id }) => id!));
    this.#outcomes.push(publishAll(this.#broker, this.topic, batch));
  }
}

/** The master that serves the slot, or (`serves` false) one that does not. */
async function ownerOf({ servers }: ClusterBed, slot: number, serves = true): Promise<RedisServer> {
  for (const server of servers) {
    await using client = server.client();
    const nodes = String(await client.redis.call('CLUSTER', 'NODES'));
    const fields = /^.*myself.*$/m.exec(nodes)![0].split(' ');
    if (!fields[2]!.includes('master')) continue;
    const ranges = fields.slice(8).map((range) => range.split('-').map(Number));
    if (ranges.some(([from, to = from]) => from! <= slot && slot <= to!) === serves) return server;
  }
  throw new Error(`no master ${serves ? 'serves' : 'is free of'} slot ${slot}`);
}

/** As redis-cli --cluster reshard does it. */
async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  await using source = from.client();
  await using target = to.client();
  const [sourceId, targetId] = await Promise.all(
    [source, target].map(async ({ redis }) => String(await redis.call('CLUSTER', 'MYID'))),
  );
  await target.redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId!);
  await source.redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId!);
  for (;;) {
    const keys = (await source.redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    if (keys.length === 0) break;
    await source.redis.call('MIGRATE', to.host, to.port, '', 0, 10_000, 'KEYS', ...keys);
  }
  await target.redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId!);
  await source.redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId!);
}
