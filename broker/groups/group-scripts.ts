import type { GroupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import type { CommandArgument, OnReply, Reply } from '../redis/wire-command.js';
import type { PositionChange } from './position.js';

const registerScript = new Script(new URL('./register-group.lua', import.meta.url));
const acquireScript = new Script(new URL('./acquire.lua', import.meta.url));
const settleScript = new Script(new URL('./settle.lua', import.meta.url));

/** See register-group.lua. */
export async function registerGroup(link: Link, keys: GroupKeys, group: string): Promise<void> {
  await registerScript.run(link, [keys.groups, keys.position], [group]);
}

export interface Acquired {
  readonly token: string;
  readonly low: string;
  readonly bitmaps: ReadonlyMap<string, Buffer>;
  /** `<entry>:<index>` -> "<failed attempts> <row>" */
  readonly retries: ReadonlyMap<string, Buffer>;
}

/** See acquire.lua. */
export async function acquire(link: Link, keys: GroupKeys, group: string, owner: string): Promise<Acquired> {
  const names = [keys.groups, keys.lease, keys.position, keys.retry];
  const reply = await acquireScript.run(link, names, [group, owner]);
  const [token, position, retries] = reply as [Buffer, Buffer[], Buffer[]];
  const bitmaps = mapOf(position);
  const low = String(bitmaps.get('low'));
  bitmaps.delete('low');
  return { token: String(token), low, bitmaps, retries: mapOf(retries) };
}

/** A message leaves the log or its retry row for another place. */
export interface Transition {
  readonly kind: 'retry' | 'done' | 'dead' | 'quarantine';
  readonly entry: string;
  readonly index: number;
  /** 0: the message comes from the log; else the failed attempts in its retry row. */
  readonly fromAttempt: number;
  readonly row: Buffer | string;
  readonly message: Buffer | string;
}

export type SettleReply =
  | { readonly kind: 'recorded'; readonly refused: number }
  /** `token` of the present owner; '0': the lease row is gone. */
  | { readonly kind: 'not-owner'; readonly token: string };

export interface Settlement {
  readonly change: PositionChange;
  readonly transitions: readonly Transition[];
}

/** See settle.lua. */
export function sendSettle(
  link: Link,
  keys: GroupKeys,
  owner: string,
  token: string,
  { change, transitions }: Settlement,
  onReply: OnReply,
): void {
  const args: CommandArgument[] = [owner, token, change.low, change.bitmaps.length];
  for (const { entry, bits } of change.bitmaps)
    args.push(entry, Buffer.from(bits.buffer, bits.byteOffset, bits.length));
  args.push(change.forgotten.length, ...change.forgotten, transitions.length);
  for (const { kind, entry, index, fromAttempt, row, message } of transitions) {
    args.push(kind, entry, index, fromAttempt, row, message);
  }
  settleScript.send(link, [keys.lease, keys.position, keys.retry, keys.deadLetters, keys.quarantine], args, onReply);
}

export function parseSettleReply(reply: Reply): SettleReply {
  const [recorded, detail] = reply as [number, number | Buffer];
  return recorded === 1 ? { kind: 'recorded', refused: Number(detail) } : { kind: 'not-owner', token: String(detail) };
}

export function mapOf(flat: readonly Buffer[]): Map<string, Buffer> {
  const map = new Map<string, Buffer>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(String(flat[i]), flat[i + 1]!);
  return map;
}
