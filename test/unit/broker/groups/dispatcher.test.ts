import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../../broker/groups/delivery.js';
import { Dispatcher } from '../../../../broker/groups/dispatcher.js';
import { Tenure } from '../../../../broker/groups/tenure.js';
import { decodeMessage, encodedSize, encodeMessage } from '../../../../broker/log/frame-codec.js';
import { groupKeys } from '../../../../broker/log/keys.js';

const tenure = new Tenure(
  0,
  groupKeys('t', 0, 'g'),
  'history',
  { token: '1', low: '0-0', bitmaps: new Map(), retries: new Map() },
  new Set(),
);

function delivery(id: string): Delivery {
  const message = { payload: Buffer.alloc(1) };
  const size = encodedSize(id, message) as number;
  const bytes = Buffer.alloc(size);
  encodeMessage(bytes, 0, size, id, message, 0);
  const decoded = decodeMessage(bytes, 0, size);
  if (typeof decoded === 'string') throw new Error(decoded);
  return new Delivery(tenure, '1-0', 0, undefined, undefined, decoded, 0);
}

describe('a dispatcher', () => {
  it('starts as many handlers as may run, in order', async () => {
    const started: string[] = [];
    const finish: (() => void)[] = [];
    const handled: string[] = [];
    const dispatcher = new Dispatcher({
      clock: { soon: setImmediate },
      handler: ({ id }) => {
        started.push(id);
        return new Promise((resolve) => finish.push(resolve));
      },
      concurrency: 2,
      mayStart: () => true,
      onHandled: ({ id }) => handled.push(id),
      onFailed: () => {},
    });
    for (const id of ['a', 'b', 'c']) dispatcher.enqueue(delivery(id));
    dispatcher.pump();
    expect(started).toEqual(['a', 'b']);
    finish[0]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(handled).toEqual(['a']);
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('goes on after an error in what is told of an outcome', () => {
    const handled: string[] = [];
    const dispatcher = new Dispatcher({
      clock: { soon: setImmediate },
      handler: () => {},
      concurrency: 1,
      mayStart: () => true,
      onHandled: ({ id }) => {
        handled.push(id);
        if (id === 'a') throw new Error('broken');
      },
      onFailed: () => {},
    });
    dispatcher.enqueue(delivery('a'));
    dispatcher.enqueue(delivery('b'));
    expect(() => dispatcher.pump()).toThrow('broken');
    dispatcher.pump();
    expect(handled).toEqual(['a', 'b']);
  });
});
