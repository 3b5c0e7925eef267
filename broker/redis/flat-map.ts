import type { Reply } from './wire-command.js';

/** A map as the servers send it: names and values in turn. */
export function parseFlatMap(reply: Reply): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  if (!Array.isArray(reply)) return map;
  for (let i = 0; i + 1 < reply.length; i += 2) map.set(String(reply[i]), String(reply[i + 1]));
  return map;
}
