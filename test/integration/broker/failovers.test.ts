import { expect, it } from 'vitest';
import { type BrokerEvent, MessageBroker, type PublishOutcome } from '../../../broker/index.js';
import { collect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually } from '../../fixtures/redis-server.js';
import { openSentinelBed } from '../../fixtures/sentinel-bed.js';

const KEYS = 20;

it('two failovers in a row, with handlers under way: everything is handled once and in order', async () => {
  await using bed = await openSentinelBed('--appendonly', 'yes', '--repl-diskless-sync-delay', '0');
  const events: BrokerEvent[] = [];
  await using broker = await MessageBroker.connect({
    redis: bed.endpoint,
    durability: 'replicated',
    publishTimeoutMs: 60_000,
    onEvent: (event) => events.push(event),
  });
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 4 });
  const journal = new Journal();
  const subscription = await broker.subscribe(topic, 'g', async (incoming) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    journal.record(incoming);
  });
  const outcomes: Promise<PublishOutcome[]>[] = [];
  const ids: string[] = [];
  const publish = () => {
    const batch = numbered(10, KEYS, `b${outcomes.length}-`);
    ids.push(...batch.map(({ id }) => id!));
    outcomes.push(publishAll(broker, topic, batch));
  };
  const reacquired = () => events.filter(({ kind }) => kind === 'reacquired').length;
  for (let failover = 1; failover <= 2; failover++) {
    const master = await bed.master();
    const before = journal.handled.length;
    await eventually(() => {
      publish();
      return journal.handled.length > before + 200;
    });
    await master.kill();
    await eventually(() => {
      if (outcomes.length < 2_000) publish();
      return reacquired() >= 4 * failover;
    });
    await master.start();
    await bed.settled();
  }
  for (let i = 0; i < 20; i++) publish();
  expect((await Promise.all(outcomes)).flat().every(({ kind }) => kind === 'accepted')).toBe(true);
  await eventually(() => new Set(journal.ids).size === ids.length);
  await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  expect(journal.handled).toHaveLength(ids.length);
  for (let k = 0; k < KEYS; k++) {
    expect(journal.of(`k${k}`)).toEqual(ids.filter((id) => Number(id.split('-')[1]) % KEYS === k));
  }
  await subscription.close();
});
