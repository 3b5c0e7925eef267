import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import { Producer, type ProducerOptions } from '../../../../broker/log/producer.js';
import { MasterLinks } from '../../../../broker/redis/master-links.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import { FakeLink } from '../../../fixtures/fake-link.js';

const APPENDED = 1;

/** The fifth argument of a publish command; every second line is a length. */
function lastSequence(wire: Buffer): number {
  return Number(wire.toString('latin1').split('\r\n')[20]);
}

/** A producer whose one master answers everything in the next turn. */
function producerWith(options: Partial<ProducerOptions>): Producer {
  const directory = new FakeDirectory();
  directory.name(master(7001));
  const common = { clock: systemClock, random: () => 0, onEvent: () => {}, replyTimeoutMs: 60_000 };
  let ids = 0;
  return new Producer({
    ...common,
    directory,
    openLinks: (purpose) =>
      new MasterLinks({
        ...common,
        directory,
        credentials: {},
        openLink: (linkOptions) => {
          const link = new FakeLink(linkOptions);
          setImmediate(() => link.greet());
          link.sendWire = (_name, wire, onReply) =>
            void setImmediate(onReply, undefined, [APPENDED, lastSequence(wire), Buffer.alloc(0)]);
          return link;
        },
        ...purpose,
      }),
    durability: 'leader',
    onReplicaLoss: 'survivors',
    publishTimeoutMs: 60_000,
    maxMessageBytes: 1_000,
    maxBufferedBytes: 300,
    maxReplayBytes: 1 << 20,
    maxFrameBytes: 10_000,
    maxFrameMessages: 100,
    maxLogBytes: 1 << 20,
    dedupeWindowMs: 1_000,
    maxDedupeIds: 1_000,
    whenFull: 'wait',
    newMessageId: () => `m${++ids}`,
    ...options,
  });
}

describe('a producer', () => {
  it('counts its buffer right when outcomes lead to the next publish at once', async () => {
    const producer = producerWith({});
    const topic = producer.openTopic('t', 1);
    const payload = Buffer.alloc(100);
    await new Promise<void>((resolve) => {
      let left = 50;
      const publishNext = () => {
        if (left-- > 0) producer.publish(topic, [{ payload }], publishNext);
        else resolve();
      };
      publishNext();
    });
    await producer.drain();
    expect(producer.bufferedBytes).toBe(0);
    producer.close();
  });

  it('keeps what it has published within the bound of its memory', async () => {
    const producer = producerWith({ maxBufferedBytes: 1 << 20, maxReplayBytes: 40_960 });
    const topic = producer.openTopic('t', 1);
    for (let round = 0; round < 50; round++) {
      await new Promise<void>((resolve) => producer.publish(topic, [{ payload: Buffer.alloc(900) }], () => resolve()));
    }
    await producer.drain();
    // A frame more than the bound until the next turn.
    expect(producer.retainedBytes).toBeLessThanOrEqual(40_960 + 4_096);
    expect(producer.retainedBytes).toBeGreaterThan(0);
    producer.close();
  });
});
