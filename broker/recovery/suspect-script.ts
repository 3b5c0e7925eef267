import { type Fenced, parseFenced } from '../groups/lease-scripts.js';
import type { GroupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';

const markScript = new Script(new URL('./mark-suspect.lua', import.meta.url));

/** See mark-suspect.lua; undefined where the tenure is still the owner's. Throws what the link or the server says. */
export async function markSuspect(
  link: Link,
  keys: GroupKeys,
  owner: string,
  token: string,
  { suspect, survived }: { readonly suspect: string; readonly survived: string },
): Promise<Fenced | undefined> {
  return parseFenced(await markScript.run(link, [keys.lease], [owner, token, suspect, survived]));
}
