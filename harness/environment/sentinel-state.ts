import type { RedisNode } from './environment.js';
import type { ServerPlace } from './layout.js';
import { askRedis, onRedis } from './redis-probe.js';
import { MASTER_NAME } from './sentinel-config.js';

/** What a Sentinel still lacks before it can judge: the master, all its replicas in sync, all other Sentinels. */
export async function sentinelLacks(
  { direct }: ServerPlace,
  replicas: number,
  sentinels: number,
): Promise<string | undefined> {
  const [master, others, slaves] = await onRedis(direct, async (redis) => {
    const ask = (what: string) => redis.call('SENTINEL', what, MASTER_NAME) as Promise<string[] & string[][]>;
    return Promise.all([ask('MASTER'), ask('SENTINELS'), ask('REPLICAS')]);
  });
  const { flags } = fieldsOf(master);
  if (flags !== 'master') return `it sees the master as ${flags}`;
  const reached = others.map(fieldsOf).filter((other) => other.flags === 'sentinel').length;
  if (reached !== sentinels - 1) return `it reaches ${reached} of ${sentinels - 1} other Sentinels`;
  const inSync = slaves
    .map(fieldsOf)
    .filter((one) => one.flags === 'slave' && one['master-link-status'] === 'ok').length;
  return inSync === replicas ? undefined : `it sees ${inSync} of ${replicas} replicas in sync`;
}

/** Sentinel answers with names and values in turn. */
function fieldsOf(reply: readonly string[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(reply.flatMap((name, i) => (i % 2 === 0 ? [[name, reply[i + 1]]] : [])));
}

/**
 * The node that a majority of all Sentinels (those that do not answer included) names as master; undefined when there is
 * no such majority.
 */
export async function masterBySentinels(
  sentinels: readonly RedisNode[],
  nodes: readonly RedisNode[],
): Promise<RedisNode | undefined> {
  const votes = await Promise.all(sentinels.map(masterPortBy));
  const majority = Math.floor(sentinels.length / 2) + 1;
  return nodes.find(({ peers }) => votes.filter((port) => port === peers?.port).length >= majority);
}

async function masterPortBy({ direct }: RedisNode): Promise<number | undefined> {
  try {
    const reply = await askRedis(direct, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    return Array.isArray(reply) ? Number(reply[1]) : undefined;
  } catch {
    return undefined;
  }
}
