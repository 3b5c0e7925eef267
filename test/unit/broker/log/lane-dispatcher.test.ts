import { expect, it } from 'vitest';
import { slotOf } from '../../../../broker/redis/slot.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { manualProducer } from '../../../fixtures/producer-bed.js';

const APPENDED = 1;
const TOPIC = 't';
/** Partitions so far apart share a link to their master. */
const STREAMS = 4;
const PARTITIONS = 32;

/** Two partitions of one stream, of which the slots have different parities: {@link FakeDirectory} deals them out so. */
const STAYING = 0;
const MOVING = Array.from({ length: PARTITIONS / STREAMS }, (_, i) => i * STREAMS).find(
  (partition) => (slotOf(TOPIC, partition) + slotOf(TOPIC, STAYING)) % 2 === 1,
)!;

it('a lane that came to a link which waited for replicas is compared, although what was waited for was given up', () => {
  const clock = new ManualClock();
  const directory = new FakeDirectory();
  directory.replicas = { configured: 1, down: 0 };
  const masters = [master(7000), master(7001)];
  directory.name(...masters);
  const { producer, links } = manualProducer(clock, directory, { onReplicaLoss: 'block', publishTimeoutMs: 1_000 });
  const topic = producer.openTopic(TOPIC, PARTITIONS);
  const outcomes: string[] = [];
  const keyOf = (partition: number) => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    return keys.find((key) => topic.senderOf({ key, payload: Buffer.alloc(0) }) === topic.senders[partition]);
  };
  const publish = (partition: number) =>
    producer.publish(topic, [{ key: keyOf(partition), payload: Buffer.alloc(10) }], (_, { kind }) =>
      outcomes.push(kind),
    );
  const linkOf = (partition: number) => topic.senders[partition]!.channel!.link as FakeLink;
  for (const link of links) link.greet({ history: link.options.address.port === 7000 ? 'h0' : 'h1' });

  publish(MOVING);
  clock.advance(1);
  linkOf(MOVING).answer([APPENDED, 1, Buffer.alloc(0)]);
  linkOf(MOVING).answer(1);
  expect(outcomes).toEqual(['accepted']);

  publish(STAYING);
  clock.advance(1);
  const link = linkOf(STAYING);
  expect(link.outstanding.map(({ args }) => args[0])).toEqual(['evalsha', 'wait']);
  directory.name(masters[slotOf(TOPIC, STAYING) % 2]!);
  expect(linkOf(MOVING)).toBe(link);
  clock.advance(2_000);
  expect(outcomes).toEqual(['accepted', 'indeterminate']);
  link.answer([APPENDED, 1, Buffer.alloc(0)]);
  link.answer(1);
  clock.advance(1);
  expect(link.outstanding.map(({ args }) => args[0])).toEqual(['HGET']);
  producer.close();
});
