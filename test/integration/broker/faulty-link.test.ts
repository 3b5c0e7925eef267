import { afterAll, beforeAll, expect, it } from 'vitest';
import { MessageBroker, type PublishOutcome } from '../../../broker/index.js';
import type { ToxicSpec } from '../../../harness/faults/toxiproxy.js';
import { collect, freshTopic, Journal, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { type FaultBed, openFaultBed } from '../../fixtures/fault-bed.js';
import { eventually } from '../../fixtures/redis-server.js';

let bed: FaultBed;
beforeAll(async () => {
  bed = await openFaultBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

const LINKS: readonly (readonly [name: string, toxics: readonly Omit<ToxicSpec, 'name' | 'toxicity'>[]])[] = [
  // Swallows everything, answers nothing, also for connections opened meanwhile: no reset ever tells.
  ['swallows what is sent', [{ type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } }]],
  ['swallows the answers', [{ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } }]],
  ['resets connections', [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 50 } }]],
  ['cuts answers off', [{ type: 'limit_data', stream: 'downstream', attributes: { bytes: 20_000 } }]],
];

it.each(LINKS)('a link that %s costs nothing once it is whole again', async (_, toxics) => {
  const { environment, context } = bed;
  const [node] = environment.nodes;
  const redis = { host: node!.clients.host, port: node!.clients.port };
  await using broker = await MessageBroker.connect({ redis, replyTimeoutMs: 300 });
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 4 });
  const journal = new Journal();
  await broker.subscribe(topic, 'g', journal.record);
  const outcomes: Promise<PublishOutcome[]>[] = [];
  const publish = async (batches: number) => {
    for (let i = 0; i < batches; i++) {
      outcomes.push(publishAll(broker, topic, numbered(20, 5, `b${outcomes.length}-`)));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  await publish(50);
  await eventually(() => journal.handled.length > 200);
  for (const [i, toxic] of toxics.entries()) {
    await context.toxiproxy.addToxic(node!.clients.proxy, { name: `t${i}`, toxicity: 1, ...toxic });
  }
  await publish(300);
  for (const i of toxics.keys()) await context.toxiproxy.removeToxic(node!.clients.proxy, `t${i}`);
  await publish(50);
  const kinds = (await Promise.all(outcomes)).flat().map(({ kind }) => kind);
  expect(kinds).toEqual(Array(8000).fill('accepted'));
  await eventually(() => journal.handled.length >= 8000);
  expect(journal.handled).toHaveLength(8000);
  for (let k = 0; k < 5; k++) {
    const ids = outcomes.flatMap((_outcome, b) => [0, 5, 10, 15].map((n) => `b${b}-${n + k}`));
    expect(journal.of(`k${k}`)).toEqual(ids);
  }
  await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
});
