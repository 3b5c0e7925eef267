import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../../broker/broker-error.js';
import { encodedSize } from '../../../../broker/log/frame-codec.js';
import { type Attempt, CONFIRMED, LaneBench, type ModelLog, UNCONFIRMED } from '../../../fixtures/lane-bench.js';

describe('a log that lost what it had acknowledged', () => {
  it('gets it again, in order, before anything new', () => {
    const bench = new LaneBench({ maxFrameMessages: 2 });
    bench.publish(6);
    bench.drain();
    bench.failOver(1);
    bench.publish(1);
    bench.drain();
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    expect(bench.losses).toEqual([]);
  });

  it('gets it from a producer that publishes nothing, too', () => {
    const bench = new LaneBench();
    bench.publish(3);
    bench.drain();
    bench.failOver(0);
    expect(bench.lane.needsComparison(bench.history)).toBe(true);
    bench.compare();
    expect(bench.lane.hasWork).toBe(true);
    bench.drain();
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2']);
    expect(bench.lane.hasWork).toBe(false);
  });

  it('is noticed by a mismatch where the history tells nothing', () => {
    const bench = new LaneBench({ maxFrameMessages: 2 });
    bench.publish(4);
    bench.drain();
    bench.log = bench.log.prefix(0);
    bench.publish(1);
    bench.drain();
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
  });

  it('is reported, once, as far as it is not kept any more', () => {
    const bench = new LaneBench({ maxFrameMessages: 2 });
    bench.publish(4);
    bench.drain(0);
    bench.replay.trim(60_000);
    bench.publish(2);
    bench.drain(60_000);
    bench.failOver(1);
    bench.drain(60_000);
    expect(bench.losses).toEqual([[3, 4]]);
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm4', 'm5']);
    bench.failOver(1);
    bench.drain(60_000);
    expect(bench.losses).toEqual([[3, 4]]);
    bench.failOver(0);
    bench.drain(60_000);
    expect(bench.losses).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it('gets it in frames as large as they may be, whatever they were', () => {
    const bench = new LaneBench({ maxFrameMessages: 4 });
    for (let i = 0; i < 10; i++) {
      bench.publish(1);
      bench.drain();
    }
    bench.failOver(1);
    bench.drain();
    expect(bench.log.frames.map(({ first, last }) => [first, last])).toEqual([
      [1, 1],
      [2, 5],
      [6, 9],
      [10, 10],
    ]);
    expect(bench.log.ids).toEqual(Array.from({ length: 10 }, (_, i) => `m${i}`));
    bench.lane.confirmThrough(10, bench.lane.viewCount, 0);
    expect(bench.replay.tailBytes).toBe(10 * 1024);
  });

  it('gets no frame larger than the bound in bytes, and none across a hole in the sequences', () => {
    const bench = new LaneBench({ maxFrameBytes: 200 });
    for (let i = 0; i < 7; i++) {
      bench.publish(1, i === 3 ? 10 : 1e9);
      if (i === 3) {
        bench.next();
        bench.lane.expire(10);
      }
      bench.drain();
    }
    bench.failOver(0);
    bench.compare();
    const sizes: number[] = [];
    for (let frame = bench.next(); frame !== undefined; frame = bench.next()) {
      sizes.push(frame.bytes);
      bench.answer(frame, bench.execute(frame));
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
    expect(bench.log.frames.map(({ first, last }) => [first, last])).toEqual([
      [1, 3],
      [5, 7],
    ]);
  });

  it('learns the application ids of what it gets by their new places', () => {
    const bench = new LaneBench();
    for (let i = 0; i < 3; i++) {
      const message = { payload: Buffer.alloc(1) };
      const hash = i === 1 ? undefined : Buffer.alloc(16, i + 1);
      bench.lane.append(`m${i}`, message, encodedSize(`m${i}`, message) as number, 0, 1e9, 0, () => {}, hash);
      bench.drain();
    }
    bench.failOver(0);
    const expected = [Buffer.from([0, 0]), Buffer.alloc(16, 1), Buffer.from([0, 2]), Buffer.alloc(16, 3)];
    expect(bench.next()!.dedupe).toEqual(Buffer.concat(expected));
  });

  it('learns them of a frame of which it still has the beginning', () => {
    const bench = new LaneBench();
    const message = { payload: Buffer.alloc(1) };
    bench.publish(1);
    for (let i = 1; i < 5; i++) {
      const hash = i === 3 ? undefined : Buffer.alloc(16, i);
      bench.lane.append(`m${i}`, message, encodedSize(`m${i}`, message) as number, 0, 1e9, 0, () => {}, hash);
    }
    bench.drain();
    bench.lane.onCompared('another', 2);
    const frame = bench.lane.next('another', 0, 0)!;
    expect([frame.first, frame.last]).toEqual([3, 5]);
    const expected = [Buffer.from([0, 0]), Buffer.alloc(16, 2), Buffer.from([0, 2]), Buffer.alloc(16, 4)];
    expect(frame.dedupe).toEqual(Buffer.concat(expected));
  });

  it('gives the memory of the copy back, also where the attempt failed', () => {
    const bench = new LaneBench();
    for (let i = 0; i < 2; i++) {
      bench.publish(1);
      bench.drain();
    }
    bench.failOver(0);
    const copy = bench.next()!;
    bench.lane.onAmbiguous(copy);
    const again = bench.next()!;
    expect(again.buffer).toBe(copy.buffer);
    bench.lane.onRefused(again, new BrokerError('refused', 'no'));
    expect(bench.next()!.buffer).toBe(copy.buffer);
  });

  it('does not get what was given up', () => {
    const bench = new LaneBench({ maxFrameMessages: 1 });
    bench.publish(1);
    bench.drain();
    bench.publish(1, 10);
    bench.execute(bench.next()!);
    bench.lane.expire(10);
    bench.publish(1);
    bench.drain();
    expect(bench.log.ids).toEqual(['m0', 'm1', 'm2']);
    bench.failOver(0);
    bench.drain();
    expect(bench.log.ids).toEqual(['m0', 'm2']);
    expect(bench.losses).toEqual([]);
  });
});

describe('the memory for replays', () => {
  it('keeps what is unconfirmed, whatever its age, and a bounded tail of the rest', () => {
    const bench = new LaneBench({ maxFrameMessages: 1, maxReplayBytes: 5 * 1024 });
    bench.publish(4);
    bench.drain(0, UNCONFIRMED);
    expect([bench.replay.unconfirmedBytes, bench.replay.tailBytes]).toEqual([4 * 1024, 0]);
    bench.replay.trim(1e9);
    expect(bench.replay.isFull).toBe(false);
    bench.publish(1);
    bench.drain(0, UNCONFIRMED);
    expect(bench.replay.isFull).toBe(true);
    bench.lane.confirmThrough(3, bench.lane.viewCount, 1e9);
    expect([bench.replay.unconfirmedBytes, bench.replay.tailBytes]).toEqual([2 * 1024, 3 * 1024]);
    bench.replay.trim(1e9);
    expect(bench.replay.tailBytes).toBe(3 * 1024);
    bench.replay.trim(1e9 + 30_000);
    expect([bench.replay.unconfirmedBytes, bench.replay.tailBytes]).toEqual([2 * 1024, 0]);
  });

  it('takes nothing for confirmed that was confirmed on another history', () => {
    const bench = new LaneBench({ maxFrameMessages: 1 });
    bench.publish(3);
    bench.drain();
    const { viewCount } = bench.lane;
    expect(bench.lane.awaitsConfirmation).toBe(false);
    bench.failOver(2);
    bench.compare();
    expect(bench.lane.awaitsConfirmation).toBe(true);
    bench.lane.confirmThrough(3, viewCount, 0);
    expect(bench.lane.awaitsConfirmation).toBe(true);
    bench.lane.confirmThrough(2, bench.lane.viewCount, 0);
    expect(bench.lane.awaitsConfirmation).toBe(false);
    expect(bench.lane.isReplaying).toBe(true);
  });

  it('takes nothing for confirmed that was replayed after the replicas were asked', () => {
    const bench = new LaneBench({ maxFrameMessages: 1 });
    bench.publish(4);
    bench.drain(0, UNCONFIRMED);
    const { viewCount, stored } = bench.lane;
    bench.log = bench.log.prefix(1);
    bench.publish(1);
    bench.drain(0, UNCONFIRMED);
    bench.lane.confirmThrough(stored, viewCount, 0);
    expect(bench.replay.tailBytes).toBe(0);
  });

  it('is given back when nothing needs it', () => {
    const bench = new LaneBench();
    for (let i = 0; i < 50; i++) {
      bench.publish(3);
      bench.drain(i * 1000);
      bench.replay.trim(i * 1000);
    }
    expect(bench.replay.tailBytes).toBe(30 * 1024);
    bench.replay.trim(1e9);
    expect([bench.replay.unconfirmedBytes, bench.replay.tailBytes]).toEqual([0, 0]);
  });
});

const RUNS = 150;
/** A busy machine takes its time. */
const CEILING_MS = 120_000;

type Step =
  | { readonly do: 'publish' | 'send' | 'lose-command' | 'lose-reply' | 'repeat-old' | 'expire' | 'confirm' | 'age' }
  | { readonly do: 'fail-over' | 'fail-back' | 'lose-end'; readonly kept: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'publish' } as const) },
  { weight: 8, arbitrary: fc.constant({ do: 'send' } as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...(['lose-command', 'lose-reply', 'repeat-old', 'expire', 'confirm', 'age'] as const).map((what) => ({
        do: what,
      })),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('fail-over' as const, 'fail-back' as const, 'lose-end' as const),
      kept: fc.nat(1000),
    }),
  },
);

describe('whatever is lost, late or repeated', () => {
  it(
    'stores what it acknowledged once and in order, or reports it, and answers each message once',
    () => {
      let replays = 0;
      let merges = 0;
      const property = fc.property(fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }), (steps) => {
        const bench = new LaneBench({ maxFrameMessages: 5 });
        const onTheWay: Attempt[] = [];
        const former: ModelLog[] = [];
        let nowMs = 0;
        let asked: { readonly stored: number; readonly viewCount: number } | undefined;
        for (const action of steps) {
          nowMs++;
          switch (action.do) {
            case 'publish':
              bench.publish(2, nowMs + 20);
              break;
            case 'expire':
              nowMs += 10;
              bench.lane.expire(nowMs);
              break;
            case 'age':
              nowMs += 20_000;
              bench.replay.trim(nowMs);
              break;
            case 'fail-back':
              // To a server that was left behind, whose log went another way.
              former.push(bench.log);
              bench.log = former[action.kept % former.length]!;
              bench.failOver(bench.log.frames.length);
              onTheWay.length = 0;
              break;
            case 'fail-over':
              former.push(bench.log);
              bench.failOver(action.kept % (bench.log.frames.length + 1));
              // Connections to the former master are closed.
              onTheWay.length = 0;
              break;
            case 'lose-end':
              bench.log = bench.log.prefix(action.kept % (bench.log.frames.length + 1));
              break;
            case 'confirm':
              if (asked !== undefined) bench.lane.confirmThrough(asked.stored, asked.viewCount, nowMs);
              asked = { stored: bench.lane.stored, viewCount: bench.lane.viewCount };
              break;
            case 'repeat-old':
              if (onTheWay.length > 0) bench.log.publish(onTheWay.shift()!);
              break;
            default: {
              const frame = bench.next(nowMs);
              if (frame === undefined) break;
              if (bench.lane.isReplaying) replays++;
              if (bench.lane.isReplaying && frame.keeper === undefined) merges++;
              if (action.do === 'send') {
                bench.answer(frame, bench.execute(frame), nowMs % 2 === 0 ? CONFIRMED : UNCONFIRMED, nowMs);
                break;
              }
              if (action.do === 'lose-reply') bench.execute(frame);
              else onTheWay.push(bench.attempt(frame));
              bench.lane.onAmbiguous(frame);
            }
          }
        }
        bench.history = `${bench.history}0`;
        bench.drain(nowMs);
        bench.lane.expire(1e12);
        const numbers = bench.log.ids.map((id) => Number(id.slice(1)));
        const held = new Set(numbers);
        const isReported = (index: number) => bench.losses.some(([first, last]) => first <= index + 1 && index < last);
        const wrong = bench.kinds().flatMap((kind, index) => {
          const isRight =
            (kind === 'accepted' && (held.has(index) || isReported(index))) ||
            (kind === 'expired' && !held.has(index)) ||
            kind === 'indeterminate';
          return isRight ? [] : [`${index} ${kind}`];
        });
        bench.lane.confirmThrough(1e9, bench.lane.viewCount, nowMs);
        bench.replay.trim(1e12);
        expect({
          wrong,
          numbers,
          buffered: bench.lane.bufferedBytes,
          unconfirmed: bench.replay.unconfirmedBytes,
          tail: bench.replay.tailBytes,
        }).toEqual({
          wrong: [],
          numbers: [...held].sort((x, y) => x - y),
          buffered: 0,
          unconfirmed: 0,
          tail: 0,
        });
      });
      fc.assert(property, { numRuns: RUNS });
      expect(replays).toBeGreaterThan(RUNS / 2);
      expect(merges).toBeGreaterThan(RUNS / 10);
    },
    CEILING_MS,
  );
});
