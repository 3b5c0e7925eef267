import type { Environment, RedisNode } from '../environment/environment.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { tell } from './node-connection.js';

/** A member of a cluster, as one of its nodes sees it. */
export interface ClusterMember {
  readonly id: string;
  readonly node: RedisNode;
  readonly isMaster: boolean;
  /** Of a replica: whom it follows. */
  readonly masterId: string | undefined;
}

/** As the first node sees them that answers, of those that no fault holds. */
export async function clusterMembers(environment: Environment): Promise<readonly ClusterMember[]> {
  const holds = holdsOf(environment);
  for (const node of environment.nodes) {
    if (holds.isHeld(node.name)) continue;
    const text = await tell(node, 'CLUSTER', 'NODES').catch(() => undefined);
    if (text !== undefined) return readMembers(String(text), environment.nodes);
  }
  throw new FaultError('not-running', 'No node of the cluster answers');
}

/** Whether all nodes see the same ones as masters, and the others as their replicas. */
export async function clusterAgrees(nodes: readonly RedisNode[]): Promise<boolean> {
  const views = await Promise.all(
    nodes.map(async (node) => {
      const members = readMembers(String(await tell(node, 'CLUSTER', 'NODES').catch(() => node.name)), nodes);
      return members.map(({ id, isMaster, masterId }) => `${id} ${isMaster ? 'master' : masterId}`).sort();
    }),
  );
  return new Set(views.map(String)).size === 1;
}

function readMembers(text: string, nodes: readonly RedisNode[]): ClusterMember[] {
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
export function memberOf(members: readonly ClusterMember[], name: string): ClusterMember {
  const found = members.find((member) => member.node.name === name);
  if (found !== undefined) return found;
  throw new FaultError('no-such-target', `${name} is no member of the cluster`);
}

/** The node itself, or whom it follows. Throws {@link FaultError} `no-such-target`. */
export function masterOfShard(members: readonly ClusterMember[], name: string): ClusterMember {
  const member = memberOf(members, name);
  return members.find(({ id }) => id === member.masterId) ?? member;
}
