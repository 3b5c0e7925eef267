import { Redis } from 'ioredis';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

const PROBE_DEADLINE_MS = 2_000;

/**
 * One command on a connection of its own, within 2 s, without a retry: for judging whether a server is there, not for
 * traffic. Rejects when it is not.
 */
export function askRedis(address: RedisAddress, command: string, ...args: string[]): Promise<unknown> {
  return onRedis(address, (redis) => redis.call(command, ...args));
}

/** Several commands on one such connection, each within `deadlineMs`. */
export async function onRedis<T>(
  address: RedisAddress,
  work: (redis: Redis) => Promise<T>,
  deadlineMs = PROBE_DEADLINE_MS,
): Promise<T> {
  const redis = new Redis({
    ...address,
    lazyConnect: true,
    connectTimeout: deadlineMs,
    commandTimeout: deadlineMs,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The reason for a refused connection comes here only; the command's rejection says no more than "closed".
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    return await work(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

/** The fields of INFO's sections. */
export async function redisInfo(address: RedisAddress, section: string): Promise<ReadonlyMap<string, string>> {
  const text = String(await askRedis(address, 'INFO', section));
  const fields = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(fields.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
