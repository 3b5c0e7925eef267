import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import { partitionKeys } from './keys.js';

const trimScript = new Script(new URL('./trim.lua', import.meta.url));
const pruneScript = new Script(new URL('./prune-producers.lua', import.meta.url));

const IDLE_PRODUCER_SEC = 24 * 3600;
/** Owners prune once an hour: a longer time than this by the server's clock is a jump, or nobody was there. */
const LONGEST_PAUSE_SEC = 3 * 3600;

/** See trim.lua. */
export async function trimLog(link: Link, topic: string, partition: number): Promise<void> {
  const keys = partitionKeys(topic, partition);
  await trimScript.run(link, [keys.log, keys.groups, keys.producers], [keys.positions]);
}

/** See prune-producers.lua. Done again later, so that a failure needs no answer. */
export function pruneProducers(link: Link, topic: string, partition: number): void {
  pruneScript.send(link, [partitionKeys(topic, partition).producers], [IDLE_PRODUCER_SEC, LONGEST_PAUSE_SEC], () => {});
}
