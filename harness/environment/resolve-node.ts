import type { Environment, RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { askRedis } from './redis-probe.js';

interface NodeRole {
  readonly node: RedisNode;
  readonly role: 'master' | 'slave' | undefined;
  /** Replicas that a master has at the moment. */
  readonly replicas: number;
}

/**
 * The node that a scenario means. `redis-1` is a node; `redis-master`, `redis-replica` and `redis-replica-2` are roles of
 * the moment, asked of every node on its direct address. Where several call themselves master, it is the one that has
 * most replicas. Rejects with `no-such-node`.
 */
export async function resolveNode(environment: Environment, name: string): Promise<RedisNode> {
  const named = environment.nodes.find((node) => node.name === name);
  if (named !== undefined) return named;
  const replica = /^redis-replica(?:-([1-9]\d*))?$/.exec(name);
  if (name !== 'redis-master' && replica === null)
    throw noSuchNode(environment, name, 'It is neither a node nor a role.');

  const roles = await Promise.all(environment.nodes.map(askRole));
  const found =
    replica === null
      ? roles.filter(({ role }) => role === 'master').sort((a, b) => b.replicas - a.replicas)[0]
      : roles.filter(({ role }) => role === 'slave')[Number(replica[1] ?? 1) - 1];
  if (found !== undefined) return found.node;
  const now = roles.map(({ node, role }) => `${node.name}: ${role ?? 'does not answer'}`).join(', ');
  throw noSuchNode(environment, name, `No node has that role now (${now}).`);
}

async function askRole(node: RedisNode): Promise<NodeRole> {
  try {
    const [role, , replicas] = (await askRedis(node.direct, 'ROLE')) as [string, unknown, unknown];
    if (role === 'master') return { node, role, replicas: Array.isArray(replicas) ? replicas.length : 0 };
    return { node, role: role === 'slave' ? role : undefined, replicas: 0 };
  } catch {
    return { node, role: undefined, replicas: 0 };
  }
}

function noSuchNode(environment: Environment, name: string, reason: string): EnvironmentError {
  const names = environment.nodes.map((node) => node.name).join(', ');
  return new EnvironmentError(
    'no-such-node',
    `There is no Redis node "${name}". ${reason} There are ${names}, and the roles redis-master, redis-replica, redis-replica-2, ...`,
  );
}
