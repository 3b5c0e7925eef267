import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import type { Producer, ProducerOptions } from '../../../../broker/log/producer.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { manualProducer } from '../../../fixtures/producer-bed.js';

const APPENDED = 1;

/** The fifth argument of a publish command; every second line is a length. */
function lastSequence(wire: Buffer): number {
  return Number(wire.toString('latin1').split('\r\n')[20]);
}

/** A producer whose one master answers everything in the next turn. */
function producerWith(options: Partial<ProducerOptions>): Producer {
  const directory = new FakeDirectory();
  directory.name(master(7001));
  const answering = (link: FakeLink) => {
    setImmediate(() => link.greet());
    link.sendWire = (_name, wire, onReply) =>
      void setImmediate(onReply, undefined, [APPENDED, lastSequence(wire), Buffer.alloc(0)]);
  };
  const defaults = { durability: 'leader', maxBufferedBytes: 300 } as const;
  return manualProducer(systemClock, directory, { ...defaults, ...options }, answering).producer;
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
