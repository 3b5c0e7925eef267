import { describe, expect, it } from 'vitest';
import { BackPressureError } from '../../../../broker/broker-error.js';
import { encodedSize } from '../../../../broker/log/frame-codec.js';
import { LaneBench, UNCONFIRMED } from '../../../fixtures/lane-bench.js';

describe('a lane', () => {
  it('has one frame in flight and gathers the rest', () => {
    const bench = new LaneBench();
    bench.publish(1);
    const first = bench.next()!;
    bench.publish(5);
    expect(bench.next()).toBe(first);
    bench.answer(first, bench.execute(first));
    expect(bench.next()).toMatchObject({ first: 2, last: 6, count: 5 });
  });

  it('closes a frame at its limits', () => {
    const byCount = new LaneBench({ maxFrameMessages: 3 });
    byCount.publish(7);
    expect(byCount.next()!.count).toBe(3);
    const byBytes = new LaneBench({ maxFrameBytes: 100 });
    byBytes.publish(5);
    expect(byBytes.next()!.bytes).toBeLessThanOrEqual(100);
    byBytes.drain();
    expect(byBytes.kinds()).toEqual(Array(5).fill('accepted'));
  });

  it('answers what expired: indeterminate where it may be stored, rejected where it is not', () => {
    const bench = new LaneBench({ maxFrameMessages: 2 });
    bench.publish(2, 10);
    bench.next();
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

  it('rejects at the deadline, with its reason, what the log refused each time', () => {
    const bench = new LaneBench();
    bench.publish(1, 10);
    for (let i = 0; i < 2; i++) bench.lane.onRefusedForNow(bench.next()!, new BackPressureError('full', 5));
    bench.lane.expire(10);
    expect(bench.kinds()).toEqual(['back-pressure']);
  });

  it('is not sure any more once an attempt ended without an answer, whatever the next one is told', () => {
    const bench = new LaneBench();
    bench.publish(1, 10);
    bench.lane.onAmbiguous(bench.next()!);
    bench.lane.onRefusedForNow(bench.next()!, new BackPressureError('full', 5));
    bench.lane.expire(10);
    expect(bench.kinds()).toEqual(['indeterminate']);
  });

  it('passes over a given-up frame, whether it was stored or arrives later', () => {
    for (const wasStored of [true, false]) {
      const bench = new LaneBench();
      bench.publish(2, 10);
      const givenUp = bench.attempt(bench.next()!);
      if (wasStored) bench.log.publish(givenUp);
      bench.lane.expire(10);
      bench.publish(2);
      bench.drain();
      // The given-up frame was still on its way.
      expect(bench.log.publish(givenUp).outcome).toBe('duplicate');
      expect(bench.log.ids).toEqual(wasStored ? ['m0', 'm1', 'm2', 'm3'] : ['m2', 'm3']);
      expect(bench.losses).toEqual([]);
    }
  });

  it('notices that somebody else uses its id', () => {
    const bench = new LaneBench();
    bench.publish(1);
    bench.log.rows.set(bench.lane.producerId, 99);
    const before = bench.lane.producerId;
    const frame = bench.next()!;
    bench.answer(frame, { outcome: 'mismatch', stored: 99, skip: [] });
    expect(bench.kinds()).toEqual(['duplicate-producer']);
    expect(bench.lane.producerId).not.toBe(before);
  });

  it('takes a new id after a long silence, by either clock, but not while something is unconfirmed', () => {
    const bench = new LaneBench();
    bench.publish(1);
    bench.drain(2_000_000);
    const first = bench.lane.producerId;
    bench.publish(1);
    bench.drain(2_500_000);
    expect(bench.lane.producerId).toBe(first);
    bench.publish(1);
    // The monotonic clock stood still while the machine slept.
    const frame = bench.lane.next(bench.history, 2_500_001, 4_000_000)!;
    const second = bench.lane.producerId;
    expect(second).not.toBe(first);
    bench.answer(frame, bench.execute(frame), UNCONFIRMED);
    bench.publish(1);
    bench.drain(9_000_000);
    expect(bench.lane.producerId).toBe(second);
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  it('keeps its id through a silence in which its row was touched', () => {
    const bench = new LaneBench();
    bench.publish(1);
    bench.drain(0);
    const id = bench.lane.producerId;
    bench.lane.identity.onSeen(900_000, 900_000);
    bench.publish(1);
    bench.drain(1_800_000);
    expect(bench.lane.producerId).toBe(id);
  });

  it('tells the bytes that left, also when whoever learns an outcome publishes at once', () => {
    const bench = new LaneBench();
    const message = { payload: Buffer.alloc(50) };
    const size = encodedSize('m', message) as number;
    const append = (deadlineMs: number, onOutcome: () => void) =>
      bench.lane.append('m', message, size, 0, deadlineMs, 0, onOutcome);
    append(1e9, () => append(10, () => append(1e9, () => {})));
    const stored = bench.next()!;
    bench.answer(stored, bench.execute(stored));
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, size]);
    // Expires in the frame that still takes messages: the new one shares it.
    bench.lane.expire(10);
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, size]);
    bench.drain();
    expect([bench.lane.takeFreedBytes(), bench.lane.bufferedBytes]).toEqual([size, 0]);
    expect(bench.lane.takeFreedBytes()).toBe(0);
  });

  it('says of each message whether its application id was known', () => {
    const bench = new LaneBench();
    const kinds: string[] = [];
    for (const id of ['a', 'b', 'c']) {
      const message = { payload: Buffer.alloc(1) };
      bench.lane.append(id, message, encodedSize(id, message) as number, 0, 1e9, 0, (_, outcome) => {
        kinds.push(outcome.kind === 'accepted' && outcome.receipt.duplicate ? 'duplicate' : outcome.kind);
      });
    }
    bench.answer(bench.next()!, { outcome: 'appended', stored: 3, skip: [1] });
    expect(kinds).toEqual(['accepted', 'duplicate', 'accepted']);
  });
});
