import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../../broker/log/buffer-pool.js';
import { decodeMessage, encodedSize, messageEnd } from '../../../../broker/log/frame-codec.js';
import type { OutgoingFrame, PublishOutcome } from '../../../../broker/log/outgoing-frame.js';
import { PartitionLane } from '../../../../broker/log/partition-lane.js';
import type { PublishReply } from '../../../../broker/log/publish-script.js';

const ACCEPTED: PublishOutcome = { kind: 'accepted', receipt: { partition: 0, durability: 'leader', replicas: 0 } };

class Bench {
  readonly outcomes = new Map<number, string>();
  readonly losses: [number, number][] = [];
  readonly log = new FakeLog();
  readonly lane: PartitionLane;
  #published = 0;

  constructor(maxFrameMessages = 1024, maxFrameBytes = 256 * 1024) {
    let ids = 0;
    this.lane = new PartitionLane({
      pool: new BufferPool(1 << 20),
      maxFrameBytes,
      maxFrameMessages,
      headRoomBytes: 100,
      idleIdMs: 1_000_000,
      accepted: ACCEPTED,
      newProducerId: () => `p${++ids}`,
      onLoss: (first, last) => this.losses.push([first, last]),
    });
  }

  publish(count: number, deadlineMs = 1e9): void {
    for (let i = 0; i < count; i++) {
      const index = this.#published++;
      const message = { payload: Buffer.from(`payload ${index}`) };
      const size = encodedSize(`m${index}`, message) as number;
      this.lane.append(`m${index}`, message, size, 0, deadlineMs, index, (at, outcome) => {
        if (this.outcomes.has(at)) throw new Error(`second outcome for ${at}`);
        this.outcomes.set(at, outcome.kind === 'rejected' ? outcome.error.code : outcome.kind);
      });
    }
  }

  get published(): number {
    return this.#published;
  }

  /** Sends what is due; returns the log's answer. */
  execute(frame: OutgoingFrame): PublishReply {
    return this.log.publish(this.lane.producerId, this.lane.stored, frame);
  }

  /** Delivers everything without faults. */
  drain(nowMs = 0): void {
    for (;;) {
      const frame = this.lane.inFlight ?? this.lane.take(nowMs);
      if (frame === undefined) return;
      this.lane.onReply(frame, this.execute(frame));
    }
  }

  kinds(): string[] {
    return Array.from({ length: this.#published }, (_, i) => this.outcomes.get(i) ?? 'none');
  }
}

/** What publish.lua does. */
class FakeLog {
  readonly rows = new Map<string, number>();
  readonly ids: string[] = [];

  publish(producer: string, prev: number, frame: OutgoingFrame): PublishReply {
    const stored = this.rows.get(producer) ?? 0;
    if (stored >= frame.last) return { outcome: 'duplicate', stored };
    if (stored !== prev || frame.first <= stored) return { outcome: 'mismatch', stored };
    this.rows.set(producer, frame.last);
    const before = this.ids.length;
    for (let at = frame.start; at < frame.end; ) {
      const end = messageEnd(frame.buffer, at) as number;
      const decoded = decodeMessage(frame.buffer, at, end);
      this.ids.push(typeof decoded === 'string' ? decoded : decoded.id);
      at = end;
    }
    expect(this.ids.length - before).toBe(frame.count);
    return { outcome: 'appended', stored: frame.last };
  }
}

describe('a lane', () => {
  it('has one frame in flight and gathers the rest', () => {
    const bench = new Bench();
    bench.publish(1);
    const first = bench.lane.take(0)!;
    bench.publish(5);
    expect(bench.lane.take(0)).toBeUndefined();
    expect(bench.lane.onReply(first, bench.execute(first))).toBe('done');
    expect(bench.lane.take(0)).toMatchObject({ first: 2, last: 6, count: 5 });
  });

  it('closes a frame at its limits', () => {
    const byCount = new Bench(3);
    byCount.publish(7);
    expect(byCount.lane.take(0)!.count).toBe(3);
    const byBytes = new Bench(1024, 100);
    byBytes.publish(5);
    expect(byBytes.lane.take(0)!.bytes).toBeLessThanOrEqual(100);
    byBytes.drain();
    expect(byBytes.kinds()).toEqual(Array(5).fill('accepted'));
  });

  it('answers what expired: indeterminate where it was sent, rejected where it was not', () => {
    const bench = new Bench(2);
    bench.publish(2, 10);
    bench.lane.take(0);
    bench.publish(3, 20);
    bench.publish(1, 30);
    bench.lane.expire(9);
    expect(bench.outcomes.size).toBe(0);
    bench.lane.expire(20);
    expect(bench.kinds()).toEqual(['indeterminate', 'indeterminate', 'expired', 'expired', 'expired', 'none']);
    bench.drain();
    expect(bench.log.ids).toEqual(['m5']);
    expect(bench.lane.bufferedBytes).toBe(0);
  });

  it('passes over a given-up frame, whether it was stored or arrives later', () => {
    for (const wasStored of [true, false]) {
      const bench = new Bench();
      bench.publish(2, 10);
      const givenUp = bench.lane.take(0)!;
      if (wasStored) bench.execute(givenUp);
      bench.lane.expire(10);
      bench.publish(2);
      bench.drain();
      // The given-up frame was still on its way.
      expect(bench.log.publish(bench.lane.producerId, 0, givenUp).outcome).toBe('duplicate');
      expect(bench.log.ids).toEqual(wasStored ? ['m0', 'm1', 'm2', 'm3'] : ['m2', 'm3']);
      expect(bench.losses).toEqual([]);
    }
  });

  it('reports what a log has lost, and goes on', () => {
    const bench = new Bench();
    bench.publish(4);
    bench.drain();
    bench.log.rows.clear();
    bench.publish(1);
    bench.drain();
    expect(bench.losses).toEqual([[1, 4]]);
    expect(bench.kinds()).toEqual(Array(5).fill('accepted'));
  });

  it('notices that somebody else uses its id', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.log.rows.set(bench.lane.producerId, 99);
    const before = bench.lane.producerId;
    const frame = bench.lane.take(0)!;
    bench.lane.onReply(frame, { outcome: 'mismatch', stored: 99 });
    expect(bench.kinds()).toEqual(['duplicate-producer']);
    expect(bench.lane.producerId).not.toBe(before);
  });

  it('takes a new id after a long silence', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.drain(2_000_000);
    const before = bench.lane.producerId;
    bench.publish(1);
    bench.drain(2_500_000);
    expect(bench.lane.producerId).toBe(before);
    bench.publish(1);
    bench.drain(4_000_000);
    expect(bench.lane.producerId).not.toBe(before);
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2']);
  });

  it('tells the bytes that left, also when whoever learns an outcome publishes at once', () => {
    const bench = new Bench();
    const message = { payload: Buffer.alloc(50) };
    const size = encodedSize('m', message) as number;
    const append = (deadlineMs: number, onOutcome: () => void) =>
      bench.lane.append('m', message, size, 0, deadlineMs, 0, onOutcome);
    append(1e9, () => append(10, () => append(1e9, () => {})));
    const stored = bench.lane.take(0)!;
    bench.lane.onReply(stored, bench.execute(stored));
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, size]);
    // Expires in the frame that still takes messages: the new one shares it.
    bench.lane.expire(10);
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, size]);
    bench.drain();
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, 0]);
    expect(bench.lane.takeFreedBytes()).toBe(0);
  });

  it('stores each message at most once and in order, and answers each once, whatever is lost, late or repeated', () => {
    const step = fc.constantFrom('publish', 'send', 'send-lost', 'reply-lost', 'repeat-old', 'expire');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench(3);
        const old: { frame: OutgoingFrame; producer: string; prev: number; first: number; last: number }[] = [];
        let nowMs = 0;
        for (const action of steps) {
          nowMs++;
          if (action === 'publish') bench.publish(2, nowMs + 20);
          if (action === 'expire') {
            nowMs += 10;
            bench.lane.expire(nowMs);
          }
          const frame = bench.lane.inFlight ?? bench.lane.take(nowMs);
          if (frame === undefined) continue;
          old.push({
            frame,
            producer: bench.lane.producerId,
            prev: bench.lane.stored,
            first: frame.first,
            last: frame.last,
          });
          if (action === 'send') bench.lane.onReply(frame, bench.execute(frame));
          if (action === 'reply-lost') bench.execute(frame);
          const late = old[0]!;
          const isUnchanged = late.frame.first === late.first && late.frame === frame;
          if (action === 'repeat-old' && isUnchanged) bench.log.publish(late.producer, late.prev, late.frame);
        }
        bench.drain(nowMs);
        const numbers = bench.log.ids.map((id) => Number(id.slice(1)));
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        for (const [index, kind] of bench.kinds().entries()) {
          expect(kind).not.toBe('none');
          if (kind === 'accepted') expect(numbers).toContain(index);
          if (kind === 'expired') expect(numbers).not.toContain(index);
        }
        expect(bench.lane.bufferedBytes).toBe(0);
        expect(bench.losses).toEqual([]);
      }),
    );
  });
});
