import type { Redis } from 'ioredis';
import type { RedisNode } from '../environment/environment.js';
import { onRedis } from '../environment/redis-probe.js';

/** Longer than a server takes for anything that faults ask of it, also on a machine that is busy. */
const COMMAND_DEADLINE_MS = 10_000;

/** Commands to the server itself, past the proxies, on one connection of their own. */
export function onNode<T>({ direct }: RedisNode, work: (redis: Redis) => Promise<T>): Promise<T> {
  return onRedis(direct, work, COMMAND_DEADLINE_MS);
}

/** One such command. */
export function tell(node: RedisNode, command: string, ...args: string[]): Promise<unknown> {
  return onNode(node, (redis) => redis.call(command, ...args));
}
