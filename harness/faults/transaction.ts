import type { Redis } from 'ioredis';

/**
 * Commands that nobody else's come between: so the last of them sees what the others did before a client repairs it.
 * Yields their replies; rejects with the first error.
 */
export async function transaction(redis: Redis, commands: readonly (readonly string[])[]): Promise<unknown[]> {
  const multi = redis.multi();
  for (const [name = '', ...args] of commands) multi.call(name, ...args);
  const replies = (await multi.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}
