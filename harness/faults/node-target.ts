import type { Environment, RedisNode } from '../environment/environment.js';
import { resolveNode } from '../environment/resolve-node.js';
import { FaultError } from './fault-error.js';

/** By name, where they were found last: a paused or killed master cannot say that it is the master. */
const lastFound = new WeakMap<Environment, Map<string, RedisNode>>();

/**
 * The node that a fault means: a name, or a role of this moment; a role that nobody says to have is the node that had it
 * when it was last asked for. Throws {@link FaultError} `no-such-target`.
 */
export async function resolveFaultNode(environment: Environment, name: string): Promise<RedisNode> {
  const known = lastFound.get(environment) ?? new Map<string, RedisNode>();
  lastFound.set(environment, known);
  const only = environment.nodes.length === 1 ? environment.nodes[0] : undefined;
  if (name === 'redis-master' && only !== undefined) return only;
  try {
    const node = await resolveNode(environment, name);
    known.set(name, node);
    return node;
  } catch (cause) {
    const node = known.get(name);
    if (node !== undefined) return node;
    throw new FaultError('no-such-target', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
