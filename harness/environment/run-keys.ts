import { onRedis, type RedisAddress } from './redis-probe.js';

/** Keys looked at in one call: other users of that server wait no longer than for those. */
const SCAN_COUNT = 1000;

/**
 * Removes the keys of a run from a Redis that outlives it. They are known by the topic in their names, whose nonce is no
 * other run's. Rejects when that Redis does not answer.
 */
export function removeRunKeys(address: RedisAddress, topic: string): Promise<void> {
  return onRedis(address, async (redis) => {
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${topic}*`, 'COUNT', SCAN_COUNT);
      if (keys.length > 0) await redis.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
  });
}
