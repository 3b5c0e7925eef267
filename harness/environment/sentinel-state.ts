import type { Clock } from '../clock.js';
import type { RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerPlace } from './layout.js';
import { askRedis } from './redis-probe.js';
import { MASTER_NAME } from './sentinel-config.js';
import { waitFor } from './wait-for.js';

const DEADLINE_MS = 30_000;

/** Resolves once every Sentinel is connected to the master, to all its replicas, and to all other Sentinels. */
export async function waitForSentinels(
  sentinels: readonly ServerPlace[],
  replicas: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    sentinels.map(async (sentinel) => {
      let missing: string | undefined;
      const ready = await waitFor(
        async () => {
          missing = await whatIsMissing(sentinel, replicas, sentinels.length - 1);
          return missing === undefined || undefined;
        },
        { clock, deadlineMs: DEADLINE_MS },
        signal,
      );
      if (ready) return;
      const seconds = DEADLINE_MS / 1000;
      throw new EnvironmentError('not-ready', `${sentinel.name}: after ${seconds} s ${missing}; see its log.`);
    }),
  );
}

async function whatIsMissing(
  { direct }: ServerPlace,
  replicas: number,
  otherSentinels: number,
): Promise<string | undefined> {
  const ask = async (what: string) => (await askRedis(direct, 'SENTINEL', what, MASTER_NAME)) as string[][];
  const [master] = [fieldsOf((await ask('MASTER')) as unknown as string[])];
  if (master.flags !== 'master') return `it sees the master as ${master.flags}`;
  const others = (await ask('SENTINELS')).map(fieldsOf).filter(({ flags }) => flags === 'sentinel');
  if (others.length !== otherSentinels) return `it reaches ${others.length} of ${otherSentinels} other Sentinels`;
  const linked = (await ask('REPLICAS')).map(fieldsOf).filter((one) => {
    return one.flags === 'slave' && one['master-link-status'] === 'ok';
  });
  return linked.length === replicas ? undefined : `it sees ${linked.length} of ${replicas} replicas linked`;
}

/** Sentinel answers with names and values in turn. */
function fieldsOf(reply: readonly string[] | Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!Array.isArray(reply)) return reply as Readonly<Record<string, string>>;
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < reply.length; i += 2) fields[reply[i] as string] = reply[i + 1] as string;
  return fields;
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
