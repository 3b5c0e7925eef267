import type { Clock } from '../clock.js';
import type { RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerPlace } from './layout.js';
import { askRedis } from './redis-probe.js';
import { waitFor } from './wait-for.js';

const DEADLINE_MS = 30_000;

/** Resolves once every node knows all others, reaches them, and calls the cluster whole. */
export async function waitForCluster(nodes: readonly ServerPlace[], clock: Clock, signal: AbortSignal): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      let missing: string | undefined;
      const ready = await waitFor(
        async () => {
          missing = await whatIsMissing(node, nodes.length);
          return missing === undefined || undefined;
        },
        { clock, deadlineMs: DEADLINE_MS },
        signal,
      );
      if (ready) return;
      const seconds = DEADLINE_MS / 1000;
      throw new EnvironmentError('not-ready', `${node.name}: after ${seconds} s ${missing}; see its log.`);
    }),
  );
}

async function whatIsMissing({ direct }: ServerPlace, count: number): Promise<string | undefined> {
  const info = String(await askRedis(direct, 'CLUSTER', 'INFO'));
  const state = /cluster_state:(\w+)/.exec(info)?.[1];
  if (state !== 'ok') return `it calls the cluster's state "${state}"`;
  const lines = String(await askRedis(direct, 'CLUSTER', 'NODES'))
    .trim()
    .split('\n');
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
