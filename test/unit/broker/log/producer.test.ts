import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import { BufferPool } from '../../../../broker/log/buffer-pool.js';
import { Producer } from '../../../../broker/log/producer.js';
import { TopicProducer } from '../../../../broker/log/topic-producer.js';
import type { Link } from '../../../../broker/redis/link.js';
import type { OnReply } from '../../../../broker/redis/wire-command.js';

const APPENDED = 1;

describe('a producer', () => {
  it('counts its buffer right when outcomes lead to the next publish at once', async () => {
    const link = {
      isOpen: true,
      corked: (body: () => void) => body(),
      sendWire: (_name: string, _wire: Buffer, onReply: OnReply) => setImmediate(onReply, undefined, [APPENDED, 0]),
    };
    let ids = 0;
    const producer = new Producer({
      link: link as unknown as Link,
      clock: systemClock,
      random: () => 0,
      maxMessageBytes: 1_000,
      maxBufferedBytes: 300,
      publishTimeoutMs: 60_000,
      whenFull: 'wait',
      newMessageId: () => `m${++ids}`,
    });
    const topic = new TopicProducer(
      {
        topic: 't',
        partitions: 1,
        pool: new BufferPool(1 << 20),
        maxFrameBytes: 10_000,
        maxFrameMessages: 100,
        newProducerId: () => 'p',
        onLoss: () => {},
      },
      0,
    );
    producer.add(topic);
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
  });
});
