import { z } from 'zod';
import type { Environment, RedisNode } from '../environment/environment.js';
import { resolveNode } from '../environment/resolve-node.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';

/** `redis-1`, `redis-master`, `redis-replica`. */
export const nodeName = z
  .string()
  .regex(/^redis-[a-z0-9-]+$/, 'a Redis node such as redis-master, redis-replica or redis-2')
  .describe('A Redis node, by name or by its role of the moment.');

/** By role, which node had it last: a paused or killed master cannot say that it is the master. */
const lastFound = new WeakMap<Environment, Map<string, RedisNode>>();

/**
 * The node that a fault means: a name, or a role of this moment; a role that nobody says to have is the node that had it
 * when it was last asked for. Throws {@link FaultError} `no-such-target`.
 */
export async function resolveFaultNode(environment: Environment, name: string): Promise<RedisNode> {
  const { nodes, sentinels } = environment;
  const named =
    [...nodes, ...sentinels].find((node) => node.name === name) ??
    (name === 'redis-master' && nodes.length === 1 && nodes[0]);
  if (named) return named;
  const known = lastFound.get(environment) ?? new Map<string, RedisNode>();
  lastFound.set(environment, known);
  // Those that a fault keeps from answering are not asked: waiting for them would make this fault late.
  const holds = holdsOf(environment);
  const answering = nodes.filter((node) => !holds.isHeld(node.name));
  try {
    const node = await resolveNode({ ...environment, nodes: answering }, name);
    known.set(name, node);
    return node;
  } catch (cause) {
    const node = known.get(name);
    if (node !== undefined) return node;
    throw new FaultError('no-such-target', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
