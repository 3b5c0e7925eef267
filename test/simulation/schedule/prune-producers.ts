import { readFileSync } from 'node:fs';
import { partitionKeys } from '../../../broker/log/keys.js';
import { ErrorReply } from '../redis/reply.js';
import type { Authority } from '../world/authority.js';
import { type Stage, TOPIC } from './stage.js';

const SCRIPT = readFileSync(new URL('../../../broker/log/prune-producers.lua', import.meta.url), 'latin1');
/** Idle, and the longest time between two calls, in seconds: as owners say. */
const LIMITS = ['86400', '10800'] as const;

/** What some owner does once an hour, done now: on the present master, for all of the topic that it knows of. */
export function pruneProducers({ world, plan }: Stage, authority: Authority): void {
  const { master } = authority.naming;
  if (!master.isReachable || !master.replication.isMaster) return;
  for (let partition = 0; partition < plan.partitions; partition++) {
    const { producers } = partitionKeys(TOPIC, partition);
    if (!master.database.values.has(producers)) continue;
    const reply = master.perform(['EVAL', SCRIPT, '1', producers, ...LIMITS]);
    if (reply instanceof ErrorReply) throw new Error(`prune-producers.lua: ${reply.text}`);
    world.trace(() => `${master.id} prunes ${String(reply)} rows of partition ${partition}`);
  }
}
