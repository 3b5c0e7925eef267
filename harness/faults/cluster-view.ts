import type { Environment, RedisNode } from '../environment/environment.js';
import { askRedis } from '../environment/redis-probe.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';

/** A member of a cluster, as one of its nodes sees it. */
export interface ClusterMember {
  readonly id: string;
  readonly node: RedisNode;
  readonly isMaster: boolean;
  /** Of a replica: whom it follows. */
  readonly masterId: string | undefined;
}

/** As `by` sees its cluster; else the first that answers of those that no fault holds. */
export async function clusterMembers(environment: Environment, by?: RedisNode): Promise<readonly ClusterMember[]> {
  const holds = holdsOf(environment);
  const asked = by === undefined ? environment.nodes.filter(({ name }) => !holds.isHeld(name)) : [by];
  for (const node of asked) {
    const text = await askRedis(node.direct, 'CLUSTER', 'NODES').catch(() => undefined);
    if (text !== undefined) return readMembers(String(text), environment.nodes);
  }
  throw new FaultError('not-running', 'No node of the cluster answers');
}

export function readMembers(text: string, nodes: readonly RedisNode[]): ClusterMember[] {
  return text.split('\n').flatMap((line): ClusterMember[] => {
    const [id = '', address = '', flags = '', master = '-'] = line.trim().split(' ');
    const port = Number(/:(\d+)@/.exec(address)?.[1]);
    const node = nodes.find(({ peers }) => peers?.port === port);
    if (node === undefined) return [];
    const isMaster = flags.split(',').includes('master');
    return [{ id, node, isMaster, masterId: master === '-' ? undefined : master }];
  });
}

/** Throws {@link FaultError} `no-such-target` where the cluster does not know the node. */
export function memberOf(members: readonly ClusterMember[], node: RedisNode): ClusterMember {
  const found = members.find((member) => member.node.name === node.name);
  if (found !== undefined) return found;
  throw new FaultError('no-such-target', `${node.name} is no member of the cluster`);
}
