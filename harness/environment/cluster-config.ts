import { randomBytes } from 'node:crypto';
import { firstMasterOf, type ServerPlace } from './layout.js';

/** Hash slots of a Redis Cluster. */
const SLOTS = 16_384;

/** A cluster node as its peers reach it: through its peer proxies. */
export interface ClusterMember {
  /** 40 hex digits. */
  readonly id: string;
  readonly port: number;
  readonly busPort: number;
}

/** With ids made up for this run. */
export function clusterMembers(nodes: readonly ServerPlace[]): ClusterMember[] {
  return nodes.map(({ peers, bus }) => {
    return { id: randomBytes(20).toString('hex'), port: peers?.port ?? 0, busPort: bus?.announcedPort ?? 0 };
  });
}

/**
 * nodes.conf of one node: what it would have written itself as a member of a cluster that is formed already, so that
 * nobody has to wait for introductions and elections. The first `masters` members share the slots evenly; the others are
 * their replicas in turn.
 */
export function clusterNodesFile(members: readonly ClusterMember[], self: number, masters: number): string {
  const lines = members.map(({ id, port, busPort }, index) => {
    const master = firstMasterOf(index, { masters });
    const isMaster = index === master;
    const flags = `${index === self ? 'myself,' : ''}${isMaster ? 'master' : 'slave'}`;
    const masterId = isMaster ? '-' : members[master]!.id;
    const line = `${id} 127.0.0.1:${port}@${busPort} ${flags} ${masterId} 0 0 ${master + 1} connected`;
    return isMaster ? `${line} ${slotsOf(master, masters)}` : line;
  });
  return `${lines.join('\n')}\nvars currentEpoch ${masters} lastVoteEpoch 0\n`;
}

function slotsOf(master: number, masters: number): string {
  const first = (of: number) => Math.floor((of * SLOTS) / masters);
  return `${first(master)}-${first(master + 1) - 1}`;
}
