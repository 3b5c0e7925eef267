import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';

const expireScript = new Script(new URL('./expire-dead-letters.lua', import.meta.url));

/** Up to when dead letters of one partition are kept; undefined: for ever. */
export interface Retention {
  readonly maxAgeMs: number | undefined;
  readonly maxBytes: number | undefined;
}

/** See expire-dead-letters.lua. Resolves with how many are gone. */
export async function expireDeadLetters(
  link: Link,
  stream: string,
  { maxAgeMs, maxBytes }: Retention,
): Promise<number> {
  return Number(await expireScript.run(link, [stream], [maxAgeMs ?? '', maxBytes ?? '']));
}
