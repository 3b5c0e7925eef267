import type { RedisNode } from './environment.js';
import { askRedis } from './redis-probe.js';

/** One line of CLUSTER NODES, as far as it is needed. */
interface SeenMaster {
  /** That it announces. */
  readonly port: number;
  readonly firstSlot: number;
}

/** The masters that own slots, by their first slot, as most nodes see them (on a tie: the newest epoch). */
export async function mastersByCluster(nodes: readonly RedisNode[]): Promise<RedisNode[]> {
  const views = await Promise.all(nodes.map(viewOf));
  const votes = new Map<string, { count: number; epoch: number; masters: readonly SeenMaster[] }>();
  for (const view of views) {
    if (view === undefined) continue;
    const key = view.masters.map(({ port }) => port).join();
    const same = votes.get(key);
    votes.set(key, { ...view, count: (same?.count ?? 0) + 1, epoch: Math.max(view.epoch, same?.epoch ?? 0) });
  }
  const [winner] = [...votes.values()].sort((a, b) => b.count - a.count || b.epoch - a.epoch);
  return (winner?.masters ?? []).flatMap(({ port }) => nodes.filter(({ peers }) => peers?.port === port));
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
