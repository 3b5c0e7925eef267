import type { RedisNode } from './environment.js';
import type { ServerPlace } from './layout.js';
import { askRedis, onRedis } from './redis-probe.js';

/** What a cluster node still lacks before it can serve: a cluster that is whole, a way to all of its `count` nodes. */
export async function clusterNodeLacks({ direct }: ServerPlace, count: number): Promise<string | undefined> {
  const [info, nodes] = await onRedis(direct, (redis) =>
    Promise.all([redis.cluster('INFO'), redis.cluster('NODES') as Promise<string>]),
  );
  const state = /cluster_state:(\w+)/.exec(info)?.[1];
  if (state !== 'ok') return `it calls the cluster's state "${state}"`;
  const lines = nodes.trim().split('\n');
  const linked = lines.filter((line) => line.split(' ')[7] === 'connected' && !/fail|handshake|noaddr/.test(line));
  return linked.length === count ? undefined : `it reaches ${linked.length - 1} of ${count - 1} other nodes`;
}

/** One line of CLUSTER NODES, as far as it is needed. */
interface SeenMaster {
  /** That it announces. */
  readonly port: number;
  readonly firstSlot: number;
}

/**
 * The masters that own slots, by their first slot, as most nodes see them (on a tie: the newest epoch). Undefined in
 * place of one that is not among `nodes`.
 */
export async function mastersByCluster(nodes: readonly RedisNode[]): Promise<(RedisNode | undefined)[]> {
  const views = await Promise.all(nodes.map(viewOf));
  const votes = new Map<string, { count: number; epoch: number; masters: readonly SeenMaster[] }>();
  for (const view of views) {
    if (view === undefined) continue;
    const key = view.masters.map(({ port }) => port).join();
    const same = votes.get(key);
    votes.set(key, { ...view, count: (same?.count ?? 0) + 1, epoch: Math.max(view.epoch, same?.epoch ?? 0) });
  }
  const [winner] = [...votes.values()].sort((a, b) => b.count - a.count || b.epoch - a.epoch);
  return (winner?.masters ?? []).map(({ port }) => nodes.find(({ peers }) => peers?.port === port));
}

async function viewOf({ direct }: RedisNode): Promise<ReturnType<typeof readClusterNodes> | undefined> {
  try {
    return readClusterNodes(String(await askRedis(direct, 'CLUSTER', 'NODES')));
  } catch {
    return undefined;
  }
}

/** The masters with slots in a reply to CLUSTER NODES, by their first slot, and the newest config epoch in it. */
export function readClusterNodes(text: string): { readonly masters: readonly SeenMaster[]; readonly epoch: number } {
  const masters: SeenMaster[] = [];
  let epoch = 0;
  for (const line of text.split('\n')) {
    const [, address = '', flags = '', , , , configEpoch = '0', , ...slots] = line.trim().split(' ');
    const firstSlot = slots.map((range) => Number.parseInt(range, 10)).find((slot) => !Number.isNaN(slot));
    if (!flags.split(',').includes('master') || firstSlot === undefined) continue;
    const port = Number(/:(\d+)@/.exec(address)?.[1]);
    masters.push({ port, firstSlot });
    epoch = Math.max(epoch, Number(configEpoch));
  }
  return { masters: masters.sort((a, b) => a.firstSlot - b.firstSlot), epoch };
}
