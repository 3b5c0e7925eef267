import type { GroupKeys } from '../log/keys.js';
import type { Kill, Lapse } from '../recovery/suspicion.js';
import { Script } from '../redis/script.js';
import type { CommandArgument, Reply } from '../redis/wire-command.js';
import type { LeaseRequest, LeaseRow } from './lease.js';
import type { StartAt } from './subscription-options.js';

const acquireScript = new Script(new URL('./acquire.lua', import.meta.url));
const renewScript = new Script(new URL('./renew.lua', import.meta.url));
const releaseScript = new Script(new URL('./release.lua', import.meta.url));
const deleteScript = new Script(new URL('./delete-group.lua', import.meta.url));
const registerScript = new Script(new URL('./register-group.lua', import.meta.url));

/** One call of a script, to be sent in a pipeline. */
export interface ScriptCall {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly CommandArgument[];
}

/** What an owner was told with its token. */
export interface Acquired {
  readonly token: string;
  /** Of the server that gave the token. */
  readonly history: string;
  readonly low: string;
  /** Entries at or below low, since the group began. */
  readonly entries: number;
  readonly bitmaps: ReadonlyMap<string, Buffer>;
  /** `<entry>:<index>` -> "<failed attempts> <row>" */
  readonly retries: ReadonlyMap<string, Buffer>;
  /** The last redrive that is among them: see redrive.lua. */
  readonly redriven: number;
  /** Where the former owner fell silent while the server was well. */
  readonly lapse: Lapse | undefined;
  /** `<entry>:<index>` -> the deaths of owners that had named it. */
  readonly kills: ReadonlyMap<string, readonly Kill[]>;
}

/** Why a script of an owner was refused: whose row it is. `owner` is empty where it is nobody's. */
export interface Fenced {
  readonly owner: string;
  readonly token: string;
}

/** See acquire.lua. */
export function acquireCall(
  keys: GroupKeys,
  group: string,
  owner: string,
  durationMs: number,
  { kind, expected }: Exclude<LeaseRequest, { kind: 'renew' }>,
): ScriptCall {
  return {
    script: acquireScript,
    keys: [keys.groups, keys.lease, keys.position, keys.retry, keys.redriven, keys.producers],
    args: [group, owner, durationMs, expected?.token ?? '', expected?.count ?? '', kind],
  };
}

export type AcquireReply =
  | { readonly kind: 'acquired'; readonly acquired: Acquired }
  | { readonly kind: 'foreign'; readonly row: LeaseRow }
  | { readonly kind: 'deleted' };

export function parseAcquireReply(reply: Reply): AcquireReply {
  const [isAcquired, ...rest] = reply as [number, ...Buffer[]];
  if (isAcquired === -1) return { kind: 'deleted' };
  if (isAcquired !== 1) return { kind: 'foreign', row: rowOf(rest) };
  const [token, history, position, retries, redriven, silent, hi, last, kills] = rest as unknown as AcquiredReply;
  const bitmaps = mapOf(position);
  const low = String(bitmaps.get('low'));
  const entries = Number(bitmaps.get('entries') ?? 0);
  for (const field of ['low', 'entries', 'base']) bitmaps.delete(field);
  const acquired = {
    token: String(token),
    history: String(history),
    low,
    entries,
    bitmaps,
    retries: mapOf(retries),
    redriven: Number(redriven),
    lapse: String(silent) === '1' ? { hi: String(hi), last: String(last) } : undefined,
    kills: new Map([...mapOf(kills)].map(([position, deaths]) => [position, killsOf(String(deaths))])),
  };
  return { kind: 'acquired', acquired };
}

type AcquiredReply = [
  token: Buffer,
  history: Buffer,
  position: Buffer[],
  retries: Buffer[],
  redriven: Buffer,
  silent: Buffer,
  hi: Buffer,
  last: Buffer,
  kills: Buffer[],
];

/** "<owner>@<ms> <owner>@<ms>.." */
function killsOf(deaths: string): Kill[] {
  return deaths.split(' ').map((death) => {
    const at = death.lastIndexOf('@');
    return { consumer: death.slice(0, at), atMs: Number(death.slice(at + 1)) };
  });
}

/** See renew.lua; what it replies: {@link parseFenced}, and {@link parseRedriven} where it renewed. */
export function renewCall(keys: GroupKeys, owner: string, token: string, named: Named = NOTHING_NAMED): ScriptCall {
  return { script: renewScript, keys: [keys.lease], args: [owner, token, named.hi, named.isCleared ? 1 : 0] };
}

/** What a renewal tells besides that the owner lives. */
export interface Named {
  /** The last entry that is begun, or about to be. */
  readonly hi: string;
  /** Nothing of it is suspected. */
  readonly isCleared: boolean;
}

const NOTHING_NAMED: Named = { hi: '', isCleared: false };

/** See release.lua. */
export function releaseCall(keys: GroupKeys, owner: string, token: string): ScriptCall {
  return { script: releaseScript, keys: [keys.lease], args: [owner, token] };
}

/** See register-group.lua. */
export function registerCall(keys: GroupKeys, group: string, startAt: StartAt): ScriptCall {
  const start = typeof startAt === 'string' ? startAt : startAt.sinceMs;
  return {
    script: registerScript,
    keys: [keys.groups, keys.position, keys.lease, keys.log],
    args: [group, start],
  };
}

/** Whether it was registered now, and not before. */
export function parseRegisterReply(reply: Reply): boolean {
  return Number(reply) === 1;
}

export type DeletionMode = 'look' | 'delete' | 'force';

/** A member that heard nothing for this long may register the group anew. */
const DELETION_KEPT_MS = 24 * 3_600_000;

/** See delete-group.lua. */
export function deleteCall(
  keys: GroupKeys,
  group: string,
  mode: DeletionMode,
  deadLetters: boolean,
  seen: LeaseRow | undefined,
): ScriptCall {
  return {
    script: deleteScript,
    keys: [keys.groups, keys.lease, keys.position, keys.retry, keys.deadLetters, keys.quarantine, keys.redriven],
    args: [group, seen?.token ?? '', seen?.count ?? '', mode, deadLetters ? 1 : 0, DELETION_KEPT_MS],
  };
}

/** The row of the owner that stands in the way. */
export function parseDeleteReply(reply: Reply): LeaseRow | undefined {
  const [isDeleted, ...rest] = reply as [number, ...Buffer[]];
  return isDeleted === 1 ? undefined : rowOf(rest);
}

function rowOf(fields: readonly Buffer[]): LeaseRow {
  const [owner, token, count, durationMs] = fields.map(String) as [string, string, string, string];
  return { owner, token, count, durationMs: Number(durationMs) };
}

/** The reply of a fenced script: undefined where it was the owner's. */
export function parseFenced(reply: Reply): Fenced | undefined {
  const [passed, owner, token] = reply as [number, Buffer?, Buffer?];
  return passed === 1 ? undefined : { owner: String(owner), token: String(token) };
}

/** The number of the last redrive on the partition. */
export function parseRedriven(reply: Reply): number {
  return Number((reply as Buffer[])[1]);
}

export function mapOf(flat: readonly Buffer[]): Map<string, Buffer> {
  const map = new Map<string, Buffer>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(String(flat[i]), flat[i + 1]!);
  return map;
}
