import { expect, it } from 'vitest';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { manualProducer } from '../../../fixtures/producer-bed.js';

const APPENDED = [1, 1, Buffer.alloc(0)];
const DUPLICATE = [0, 1, Buffer.alloc(0)];

/** What a master says that hears so many replicas. */
function hearing(replicas: number): Buffer {
  const lines = Array.from(
    { length: replicas },
    (_, i) => `slave${i}:ip=127.0.0.1,port=${7002 + i},state=online,lag=0`,
  );
  return Buffer.from(['role:master', ...lines].join('\r\n'));
}

/** A producer in `replicated` that has just sent one message to a master with two replicas. */
function publishing() {
  const clock = new ManualClock();
  const directory = new FakeDirectory();
  directory.name(master(7001));
  directory.replicas = { configured: 2, down: 0 };
  const { producer, links } = manualProducer(clock, directory, {
    onReplicaLoss: 'survivors',
    publishTimeoutMs: 60_000,
  });
  const topic = producer.openTopic('t', 1);
  for (const link of links) link.greet();
  const outcomes: string[] = [];
  producer.publish(topic, [{ payload: Buffer.alloc(10) }], (_, { kind }) => outcomes.push(kind));
  clock.advance(1);
  const link = topic.senders[0]!.channel!.link as FakeLink;
  const sent = () => link.outstanding.map(({ args }) => args[0]);
  return { clock, directory, producer, link, sent, outcomes };
}

it('a replica that is reported down while all are waited for is not missed before the master was asked who is there', () => {
  const { clock, directory, producer, link, sent, outcomes } = publishing();
  expect(sent()).toEqual(['evalsha', 'wait']);
  link.answer(APPENDED);
  directory.replicas = { configured: 2, down: 1 };
  // By the one that is back as well as by the one that was there all the time.
  link.answer(1);
  clock.advance(1);
  expect([outcomes, sent()]).toEqual([[], ['evalsha', 'wait', 'INFO']]);

  link.answer(DUPLICATE);
  link.answer(1);
  link.answer(hearing(2));
  expect([outcomes, directory.refreshes]).toEqual([[], 1]);
  clock.advance(100);

  link.answer(DUPLICATE);
  link.answer(1);
  link.answer(hearing(1));
  expect(outcomes).toEqual(['accepted']);
  producer.close();
});

it('what all replicas confirm that it waited for needs nobody to be asked, whoever is reported down meanwhile', () => {
  const { directory, producer, link, outcomes } = publishing();
  link.answer(APPENDED);
  directory.replicas = { configured: 2, down: 1 };
  link.answer(2);
  expect(outcomes).toEqual(['accepted']);
  producer.close();
});
