import { mastersByCluster } from '../environment/cluster-state.js';
import type { Environment, RedisNode } from '../environment/environment.js';
import { masterBySentinels } from '../environment/sentinel-state.js';
import { waitFor } from '../environment/wait-for.js';
import { clusterAgrees, clusterMembers, memberOf } from './cluster-view.js';
import type { FaultContext } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { isInSync, roleOf } from './node-commands.js';
import { tell } from './node-connection.js';

/** `force`: without the master's consent; `takeover`: without that of the other masters either. Only in a cluster. */
export const FAILOVER_MODES = ['force', 'takeover'] as const;
export type FailoverMode = (typeof FAILOVER_MODES)[number];

/** What servers say while they still have to learn what the last failover came to. */
const NOT_NOW = /^(INPROG|NOGOODSLAVE)|has no replica|send CLUSTER FAILOVER to a replica/;
const ORDER_DEADLINE_MS = 20_000;

/** A failover that is under way. */
export interface TakeOver {
  /** The node that has taken over, by its own word and by that of most others; undefined: nobody yet. */
  successor(): Promise<RedisNode | undefined>;
}

/**
 * Orders that another node take over from `master`; asked again while the last failover still keeps the servers from it.
 * Rejects when nobody can be asked, or says that nobody can take over.
 */
export async function orderTakeOver(
  { environment, clock }: Pick<FaultContext, 'environment' | 'clock'>,
  master: RedisNode,
  signal: AbortSignal,
  mode?: FailoverMode,
): Promise<TakeOver> {
  const isCluster = environment.endpoints.redis.topology === 'cluster';
  if (!isCluster && mode !== undefined) {
    throw new FaultError('no-such-target', `mode: ${mode} is for a cluster; Sentinel knows but one way: leave it out`);
  }
  let refusal: unknown;
  const ordered = await waitFor(
    async () => {
      try {
        return await (isCluster ? inCluster(environment, master, mode) : bySentinel(environment, master));
      } catch (error) {
        if (!(error instanceof Error && NOT_NOW.test(error.message))) throw error;
        refusal = error;
        return undefined;
      }
    },
    { clock, deadlineMs: ORDER_DEADLINE_MS },
    signal,
  );
  if (ordered === undefined) throw refusal;
  return ordered;
}

async function bySentinel(environment: Environment, master: RedisNode): Promise<TakeOver> {
  const { sentinels, nodes, endpoints } = environment;
  const holds = holdsOf(environment);
  const sentinel = sentinels.find(({ name }) => !holds.isHeld(name)) ?? sentinels[0];
  const name = endpoints.redis.sentinel?.master;
  if (sentinel === undefined || name === undefined) {
    throw new FaultError('no-such-target', 'A failover needs Sentinels or a cluster; this environment has neither');
  }
  await tell(sentinel, 'SENTINEL', 'FAILOVER', name);
  return {
    successor: async () => {
      const named = await masterBySentinels(sentinels, nodes);
      if (named === undefined || named.name === master.name) return undefined;
      return (await roleOf(named)) === 'master' ? named : undefined;
    },
  };
}

async function inCluster(environment: Environment, master: RedisNode, mode?: FailoverMode): Promise<TakeOver> {
  const members = await clusterMembers(environment);
  const { id } = memberOf(members, master.name);
  const holds = holdsOf(environment);
  const replicas = members.filter(({ masterId, node }) => masterId === id && !holds.isHeld(node.name));
  const inSync = await Promise.all(replicas.map(({ node }) => isInSync(node)));
  const chosen = (replicas.find((_, index) => inSync[index]) ?? replicas[0])?.node;
  if (chosen === undefined) {
    throw new FaultError('no-such-target', `${master.name} has no replica that could take over from it`);
  }
  await tell(chosen, 'CLUSTER', 'FAILOVER', ...(mode === undefined ? [] : [mode.toUpperCase()]));
  return {
    successor: async () => {
      const masters = await mastersByCluster(environment.nodes);
      if (!masters.some((one) => one?.name === chosen.name)) return undefined;
      return (await roleOf(chosen)) === 'master' ? chosen : undefined;
    },
  };
}

/**
 * Whether all servers that no fault holds are where they belong: one master by the word of most, everybody else a replica
 * in sync; a cluster that serves all slots, and whose nodes all know who follows whom.
 */
export async function isWhole(environment: Environment): Promise<boolean> {
  const holds = holdsOf(environment);
  const nodes = environment.nodes.filter(({ name }) => !holds.isHeld(name));
  const inSync = await Promise.all(nodes.map(isInSync));
  if (inSync.includes(false)) return false;
  if (environment.endpoints.redis.topology === 'cluster') {
    const states = await Promise.all(nodes.map(servesAllSlots));
    return !states.includes(false) && (await clusterAgrees(nodes));
  }
  const roles = await Promise.all(nodes.map(roleOf));
  const masters = nodes.filter((_, index) => roles[index] === 'master');
  if (environment.sentinels.length === 0) return masters.length > 0;
  const named = await masterBySentinels(environment.sentinels, environment.nodes);
  return masters.length === 1 && masters[0]?.name === named?.name;
}

async function servesAllSlots(node: RedisNode): Promise<boolean> {
  const text = await tell(node, 'CLUSTER', 'INFO').catch(() => '');
  return String(text).includes('cluster_state:ok');
}
