import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../../broker/recovery/dead-letter.js';
import { type RedriveOptions, redrive, resolveRedriveOptions } from '../../../../broker/recovery/redrive.js';
import type { RedriveFate } from '../../../../broker/recovery/redrive-script.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

/** A group that handles what is put back after a while. */
class Group {
  readonly clock = new ManualClock();
  readonly moved: { readonly ref: string; readonly atMs: number }[] = [];
  readonly batches: number[] = [];
  handlingMs = 50;
  failing = new Set<string>();
  fates = new Map<string, RedriveFate>();

  /** How many of them there may be among the retries. */
  room = Number.POSITIVE_INFINITY;

  move = async (letters: readonly DeadLetter[]): Promise<RedriveFate[]> => {
    this.batches.push(letters.length);
    return letters.map(({ ref }) => {
      const isFull = this.moved.filter(({ atMs }) => this.clock.nowMs() < atMs + this.handlingMs).length >= this.room;
      const fate = this.fates.get(ref) ?? (isFull ? 'full' : 'redriven');
      if (fate === 'redriven') this.moved.push({ ref, atMs: this.clock.nowMs() });
      return fate;
    });
  };

  isWaiting = async ({ ref }: DeadLetter): Promise<boolean> => {
    const { atMs } = this.moved.find((one) => one.ref === ref)!;
    return this.clock.nowMs() < atMs + this.handlingMs;
  };

  isDeadAgain = async ({ ref }: DeadLetter): Promise<boolean> => this.failing.has(ref);

  /** Lets time pass until it is over. */
  async redrive(letters: readonly DeadLetter[], options: RedriveOptions = {}) {
    let isOver = false;
    const source = (async function* () {
      yield* letters;
    })();
    const result = redrive(source, resolveRedriveOptions(options), this).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise(setImmediate);
      this.clock.advance(10);
    }
    return await result;
  }
}

function letters(count: number, partitions = 1): DeadLetter[] {
  return Array.from({ length: count }, (_, i) => {
    const partition = Math.floor((i * partitions) / count);
    return { ref: `${partition}/${i}-0`, partition, position: `${i}-0:0` } as unknown as DeadLetter;
  });
}

describe('a redrive', () => {
  it('sends the others after its canaries have arrived', async () => {
    const group = new Group();
    expect(await group.redrive(letters(5), { canaries: 2, perSecond: 1_000 })).toEqual({
      found: 5,
      redriven: 5,
      gone: 0,
      busy: 0,
      waiting: 0,
      stoppedBy: undefined,
    });
    const [, second, third] = group.moved;
    expect(third!.atMs).toBeGreaterThanOrEqual(second!.atMs + 50);
  });

  it('stops where a canary fails, is not handled in time, or somebody says so', async () => {
    const group = new Group();
    group.failing.add('0/1-0');
    expect(await group.redrive(letters(9), { canaries: 2 })).toMatchObject({ redriven: 2, stoppedBy: 'canary-failed' });
    const slow = new Group();
    slow.handlingMs = 10_000;
    const late = await slow.redrive(letters(9), { canaryTimeoutMs: 500 });
    expect(late).toMatchObject({ redriven: 1, stoppedBy: 'canary-timeout' });
    const stop = new AbortController();
    const aborted = await new Group().redrive(letters(500), {
      canaries: 0,
      signal: stop.signal,
      onProgress: ({ redriven }) => redriven >= 20 && stop.abort(),
    });
    expect(aborted).toMatchObject({ redriven: 20, stoppedBy: 'aborted' });
  });

  it('waits for room at its pace, as long as some comes in time', async () => {
    const group = new Group();
    group.room = 3;
    group.handlingMs = 400;
    const told: number[] = [];
    const options = { canaries: 0, perSecond: 100, roomTimeoutMs: 1_000 };
    const onProgress = ({ waiting }: { waiting: number }) => told.push(waiting);
    const summary = await group.redrive(letters(10), { ...options, onProgress });
    expect(summary).toMatchObject({ found: 10, redriven: 10, waiting: 0, stoppedBy: undefined });
    expect(told[0]).toBe(7);
    const stuck = new Group();
    stuck.room = 3;
    stuck.handlingMs = 5_000;
    expect(await stuck.redrive(letters(10), options)).toMatchObject({ redriven: 3, waiting: 7, stoppedBy: 'full' });
    const stop = new AbortController();
    const aborted = { ...options, signal: stop.signal, onProgress: () => stop.abort() };
    expect(await stuck.redrive(letters(10), aborted)).toMatchObject({ waiting: 10, stoppedBy: 'aborted' });
  });

  it('takes another canary where one was gone', async () => {
    const group = new Group();
    group.fates.set('0/0-0', 'gone').set('0/1-0', 'busy');
    expect(await group.redrive(letters(3))).toMatchObject({ redriven: 1, gone: 1, busy: 1, stoppedBy: undefined });
  });

  it('moves nothing in a dry run', async () => {
    const group = new Group();
    expect(await group.redrive(letters(250, 3), { dryRun: true })).toMatchObject({ found: 250, redriven: 0 });
    expect(group.moved).toEqual([]);
  });

  it('keeps its pace: in no second more than a second’s worth and a batch, all in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        async (perSecond, count, partitions, canaries) => {
          const group = new Group();
          const summary = await group.redrive(letters(count, partitions), { perSecond, canaries });
          expect(summary).toMatchObject({ found: count, redriven: count, stoppedBy: undefined });
          const largest = Math.max(1, ...group.batches);
          for (const { atMs } of group.moved) {
            const within = group.moved.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000).length;
            expect(within).toBeLessThanOrEqual(perSecond + largest);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
