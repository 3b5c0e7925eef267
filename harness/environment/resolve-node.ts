import { mastersByCluster } from './cluster-state.js';
import type { Environment, RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { askRedis } from './redis-probe.js';
import { masterBySentinels } from './sentinel-state.js';

interface NodeRole {
  readonly node: RedisNode;
  readonly role: 'master' | 'slave' | undefined;
  /** Of a master: how many replicas it has at the moment. */
  readonly replicas: number;
  /** Of a replica: the port at which it follows its master. */
  readonly masterPort: number | undefined;
}

/** `redis-master`, `redis-master-2`, `redis-replica`, `redis-replica-2`, ... */
const ROLE = /^redis-(master|replica)(?:-([1-9]\d*))?$/;

/**
 * The server that a scenario means. `redis-1` and `sentinel-1` are servers; the others are roles of the moment, asked on
 * direct addresses:
 *
 * - `redis-master`: with Sentinels the node that a majority of them names; in a cluster the master of the first shard by
 *   slots (`redis-master-2` of the second), as most nodes see it; else of those that call themselves master the one with
 *   most replicas.
 * - `redis-replica`, `redis-replica-2`: of those that call themselves replica, by the shard that they belong to (in a
 *   cluster), then by their numbers.
 *
 * Rejects with `no-such-node`.
 */
export async function resolveNode(environment: Environment, name: string): Promise<RedisNode> {
  const { nodes, sentinels } = environment;
  const named = [...nodes, ...sentinels].find((node) => node.name === name);
  if (named !== undefined) return named;
  const [role, kind, number = '1'] = ROLE.exec(name) ?? [];
  if (role === undefined) throw noSuchNode(environment, name, 'It is neither a node nor a role.');

  const isCluster = environment.endpoints.redis.topology === 'cluster';
  const [roles, masters] = await Promise.all([
    Promise.all(nodes.map(askRole)),
    isCluster ? mastersByCluster(nodes) : undefined,
  ]);
  let candidates: (RedisNode | undefined)[];
  if (kind === 'replica') candidates = replicasOf(roles, masters).map(({ node }) => node);
  else if (masters !== undefined) candidates = masters;
  else if (sentinels.length > 0) candidates = [await masterBySentinels(sentinels, nodes)];
  else candidates = [busiestMaster(roles)];
  const found = candidates[Number(number) - 1];
  if (found !== undefined) return found;

  const now = roles.map(({ node, role }) => `${node.name}: ${role ?? 'does not answer'}`).join(', ');
  throw noSuchNode(environment, name, `No node has that role now (${now}).`);
}

function busiestMaster(roles: readonly NodeRole[]): RedisNode | undefined {
  return roles.filter(({ role }) => role === 'master').sort((a, b) => b.replicas - a.replicas)[0]?.node;
}

function replicasOf(roles: readonly NodeRole[], masters: readonly (RedisNode | undefined)[] = []): NodeRole[] {
  const shardOf = ({ masterPort }: NodeRole) => {
    const shard = masters.findIndex((master) => master?.peers?.port === masterPort);
    return shard < 0 ? masters.length : shard;
  };
  return roles.filter(({ role }) => role === 'slave').sort((a, b) => shardOf(a) - shardOf(b));
}

async function askRole(node: RedisNode): Promise<NodeRole> {
  const unknown = { node, role: undefined, replicas: 0, masterPort: undefined };
  try {
    const [role, , third] = (await askRedis(node.direct, 'ROLE')) as [string, unknown, unknown];
    if (role === 'master') return { ...unknown, role, replicas: Array.isArray(third) ? third.length : 0 };
    return role === 'slave' ? { ...unknown, role, masterPort: Number(third) } : unknown;
  } catch {
    return unknown;
  }
}

function noSuchNode({ nodes, sentinels }: Environment, name: string, reason: string): EnvironmentError {
  const names = [...nodes, ...sentinels].map((node) => node.name).join(', ');
  return new EnvironmentError(
    'no-such-node',
    `There is no Redis node "${name}". ${reason} There are ${names}, and the roles redis-master, redis-replica, redis-replica-2, ...`,
  );
}
