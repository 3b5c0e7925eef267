import { expect, test } from 'vitest';
import { Holds } from '../../../../harness/faults/holds.js';

test('a resource is held until the last holder released it', () => {
  const holds = new Holds();
  const first = holds.add('redis-1.clients', 'down');
  const second = holds.add('redis-1.clients', 'down');
  expect(first.id).not.toBe(second.id);
  holds.release(first);
  holds.release(first);
  expect(holds.isHeld('redis-1.clients', 'down')).toBe(true);
  expect(holds.isHeld('redis-1.clients', 'latency')).toBe(false);
  expect(holds.isHeld('redis-2.clients')).toBe(false);
  holds.release(second);
  expect(holds.isHeld('redis-1.clients')).toBe(false);
});

test('work on one resource does not interleave, also after a failure', async () => {
  const holds = new Holds();
  const log: string[] = [];
  const work = (name: string, fails = false) =>
    holds.exclusively('redis-1.clients', async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  const results = await Promise.allSettled([work('a', true), work('b'), work('c')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
