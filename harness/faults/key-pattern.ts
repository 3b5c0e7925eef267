import type { Redis } from 'ioredis';
import { z } from 'zod';

/** A glob as in SCAN's MATCH. */
export const keyPattern = z
  .string("a pattern of keys such as 'g:{*}:log'")
  .min(1, "a pattern of keys such as 'g:{*}:log'")
  .describe("Keys as in SCAN's MATCH: * any text, ? any character, [ab] one of these.");

/** Keys of the node that match; `type` as in SCAN's TYPE. */
export async function keysLike(redis: Redis, pattern: string, type?: string): Promise<readonly string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const args = [cursor, 'MATCH', pattern, 'COUNT', '1000', ...(type === undefined ? [] : ['TYPE', type])];
    const [next, keys] = (await redis.call('SCAN', ...args)) as [string, string[]];
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}
