import type { Environment, RedisNode } from '../environment/environment.js';
import { redisInfo } from '../environment/redis-probe.js';
import type { Evidence, InjectedFault } from './fault.js';
import { holdsOf } from './holds.js';
import { tell } from './node-connection.js';

/** A script that does nothing, but is refused whenever a write would be: it declares no flags, and has no key to be moved. */
const WOULD_WRITE = '#!lua\nreturn 1';

/** Why the node would refuse a write now (`OOM ...`, `READONLY ...`, `NOREPLICAS ...`); undefined: it would take it. */
export async function writeRefusal(node: RedisNode): Promise<string | undefined> {
  try {
    await tell(node, 'EVAL', WOULD_WRITE, '0');
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/^[A-Z]+ /.test(message)) return message;
    throw error;
  }
}

/** What the node says that it is; undefined: it does not answer. */
export async function roleOf(node: RedisNode): Promise<'master' | 'slave' | undefined> {
  const [role] = ((await tell(node, 'ROLE').catch(() => undefined)) ?? []) as unknown[];
  return role === 'master' || role === 'slave' ? role : undefined;
}

/** A replica that is connected to its master and has its data, or a master. */
export async function isInSync(node: RedisNode): Promise<boolean> {
  const info = await redisInfo(node.direct, 'replication').catch(() => undefined);
  if (info?.get('role') === 'master') return true;
  return info?.get('master_link_status') === 'up' && info.get('master_sync_in_progress') === '0';
}

/** Every node that calls itself master, of those that no fault keeps from answering. */
export async function mastersOf(environment: Environment): Promise<readonly RedisNode[]> {
  const holds = holdsOf(environment);
  const nodes = environment.nodes.filter((node) => !holds.isHeld(node.name));
  const roles = await Promise.all(nodes.map(roleOf));
  return nodes.filter((_, index) => roles[index] === 'master');
}

/** What was done to data or connections: over as soon as it was done, seen then or never, and not to be undone. */
export function done(description: string, nodes: readonly RedisNode[], evidence: Evidence): InjectedFault {
  return {
    description,
    affected: nodes.map(({ name }) => name),
    prove: async () => evidence,
    lift: async () => {},
  };
}
