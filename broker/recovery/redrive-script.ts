import type { ScriptCall } from '../groups/lease-scripts.js';
import type { GroupKeys } from '../log/keys.js';
import { Script } from '../redis/script.js';
import type { Reply } from '../redis/wire-command.js';
import type { DeadLetter, Shelf } from './dead-letter.js';
import { encodeRetryRow } from './retry-row.js';

const redriveScript = new Script(new URL('./redrive.lua', import.meta.url));

/**
 * What became of one that was to be put back. `gone`: somebody else has redriven or purged it. `busy`: its message is among
 * the retries, where an earlier redrive of it has put it. `full`: there are too many retries, and it stays where it is.
 */
export type RedriveFate = 'redriven' | 'gone' | 'busy' | 'full';

/** Retries of a partition above which nothing is put back: they wait in the memory of the server, and of their owner. */
const MOST_RETRIES = 10_000;
/** Longer than anybody tries to send a call again. */
const REMEMBERED_MS = 600_000;

/** Entry of the stream in which it lies. */
export function entryOf({ ref }: DeadLetter): string {
  return ref.slice(ref.indexOf('/') + 1);
}

export function streamOf(keys: GroupKeys, shelf: Shelf): string {
  return shelf === 'quarantine' ? keys.quarantine : keys.deadLetters;
}

/** See redrive.lua. All of one partition. `name` is the call's own: sent again under it, it does nothing twice. */
export function redriveCall(
  keys: GroupKeys,
  group: string,
  shelf: Shelf,
  letters: readonly DeadLetter[],
  name: string,
  mostRetries = MOST_RETRIES,
): ScriptCall {
  const rows = letters.flatMap((letter) => {
    // A row of no attempt would be one of the log.
    const failedAttempts = Math.max(1, letter.attempts);
    const row = { failedAttempts, dueAtMs: 0, failures: letter.failures, forgivenAttempts: failedAttempts };
    return [entryOf(letter), encodeRetryRow(row)];
  });
  return {
    script: redriveScript,
    keys: [streamOf(keys, shelf), keys.retry, keys.redriven, keys.lease, keys.groups, `${keys.redriveCalls}${name}`],
    args: [group, mostRetries, REMEMBERED_MS, ...rows],
  };
}

const FATES: ReadonlyMap<number, RedriveFate> = new Map([
  [1, 'redriven'],
  [0, 'gone'],
  [-1, 'busy'],
  [-3, 'full'],
]);

/** One fate for each, in their order; undefined: there is no such group. */
export function parseRedriveReply(reply: Reply): RedriveFate[] | undefined {
  const codes = (reply as unknown as readonly number[]).map(Number);
  if (codes[0] === -2) return undefined;
  return codes.map((code) => FATES.get(code)!);
}
