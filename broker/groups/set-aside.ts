import type { Link } from '../redis/link.js';

/** Causes whose messages are set aside at their first failure, each until a time of the server's clock. */
export type SetAside = ReadonlyMap<string, number>;

const PREFIX = 'aside:';

/** Every member learns of it with its next beat. `key`: of the roster. */
export async function setAside(link: Link, key: string, fingerprint: string, forMs: number): Promise<void> {
  const [seconds] = (await link.call('TIME')) as unknown as [Buffer];
  await link.call('HSET', key, `${PREFIX}${fingerprint}`, Number(seconds) * 1_000 + forMs);
}

export function setAsideOf(fields: ReadonlyMap<string, Buffer>): Map<string, number> {
  const causes = new Map<string, number>();
  for (const [field, untilMs] of fields) {
    if (field.startsWith(PREFIX)) causes.set(field.slice(PREFIX.length), Number(untilMs));
  }
  return causes;
}
