import { Script } from '../redis/script.js';
import type { ScriptCall } from './lease-scripts.js';

/** Causes whose messages are set aside at their first failure, each until a time of the server's clock. */
export type SetAside = ReadonlyMap<string, number>;

const script = new Script(new URL('./set-aside.lua', import.meta.url));
const PREFIX = 'aside:';

/** See set-aside.lua. Every member learns of it with its next beat. `key`: of the roster. */
export function setAsideCall(key: string, fingerprint: string, forMs: number): ScriptCall {
  return { script, keys: [key], args: [fingerprint, forMs] };
}

export function setAsideOf(fields: ReadonlyMap<string, Buffer>): Map<string, number> {
  const causes = new Map<string, number>();
  for (const [field, untilMs] of fields) {
    if (field.startsWith(PREFIX)) causes.set(field.slice(PREFIX.length), Number(untilMs));
  }
  return causes;
}
