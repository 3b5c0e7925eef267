import { describe, expect, it } from 'vitest';
import type { Driver, IncomingMessage } from '../../../../harness/drivers/driver.js';
import { consumeAs } from '../../../../harness/load/consume-as.js';

const MESSAGE: IncomingMessage = { id: 'm', key: undefined, payload: Buffer.alloc(0), partition: 0, attempt: 1 };

/** One call of consume(): what the driver would do with it. */
interface Member {
  readonly handler: Parameters<NonNullable<Driver['consume']>>[0];
  ready(): void;
  end(): void;
  fail(error: Error): void;
}

function setUp(members = 3) {
  const opened: Member[] = [];
  const seen: number[] = [];
  const stop = new AbortController();
  let readies = 0;
  let isOver = false;
  const consume: Driver['consume'] = (handler, ready) =>
    new Promise((end, fail) => void opened.push({ handler, ready, end, fail }));
  const consuming = consumeAs(
    {
      members,
      driver: { consume },
      handlerOf: (member) => () => void seen.push(member),
      onReady: () => readies++,
    },
    stop.signal,
  ).finally(() => {
    isOver = true;
  });
  return { opened, seen, stop, consuming, readies: () => readies, isOver: () => isOver };
}

describe('several members in one worker', () => {
  it('have a consume() and a handler of their own', async () => {
    const { opened, seen } = setUp();
    expect(opened).toHaveLength(3);
    for (const { handler } of opened.toReversed()) await handler(MESSAGE);
    expect(seen).toEqual([2, 1, 0]);
  });

  it('are ready once, when the last of them is', () => {
    const { opened, readies } = setUp();
    opened[0]!.ready();
    opened[0]!.ready();
    opened[2]!.ready();
    expect(readies()).toBe(0);
    opened[1]!.ready();
    opened[1]!.ready();
    expect(readies()).toBe(1);
  });

  it('have ended when all have', async () => {
    const { opened, stop, consuming, isOver } = setUp();
    stop.abort();
    opened[0]!.end();
    opened[2]!.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver()).toBe(false);
    opened[1]!.end();
    await consuming;
  });

  it('end the worker with the first that ends by itself, or fails', async () => {
    const ended = setUp();
    ended.opened[1]!.end();
    await ended.consuming;
    expect(ended.stop.signal.aborted).toBe(false);
    const failed = setUp();
    failed.opened[1]!.fail(new Error('no seat'));
    await expect(failed.consuming).rejects.toThrow('no seat');
    const late = setUp();
    late.stop.abort();
    late.opened[0]!.end();
    late.opened[1]!.fail(new Error('not closed'));
    late.opened[2]!.end();
    await expect(late.consuming).rejects.toThrow('not closed');
  });
});
