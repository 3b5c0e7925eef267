import type { BrokerEvent } from '../broker-event.js';
import type { GroupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import type { CommandArgument, OnReply } from '../redis/wire-command.js';
import type { PositionChange } from './position.js';

const settleScript = new Script(new URL('./settle.lua', import.meta.url));
const showPositionScript = new Script(new URL('./show-position.lua', import.meta.url));

/** A message leaves the log or its retry row for another place. */
export interface Transition {
  readonly kind: 'retry' | 'done' | 'dead' | 'quarantine';
  readonly entry: string;
  readonly index: number;
  /** 0: the message comes from the log; else the failed attempts in its retry row. */
  readonly fromAttempt: number;
  readonly row: Buffer | string;
  readonly message: Buffer | string;
  /** What is told when it is recorded. */
  readonly event?: BrokerEvent;
}

export interface Settlement {
  readonly change: PositionChange;
  readonly transitions: readonly Transition[];
}

/** See settle.lua; its reply is read by {@link parseFenced}. */
export function sendSettle(
  link: Link,
  keys: GroupKeys,
  owner: string,
  token: string,
  { change, transitions }: Settlement,
  onReply: OnReply,
): void {
  const args: CommandArgument[] = [owner, token, change.low, change.entries, change.bitmaps.length];
  for (const { entry, bits } of change.bitmaps)
    args.push(entry, Buffer.from(bits.buffer, bits.byteOffset, bits.length));
  args.push(change.forgotten.length, ...change.forgotten, transitions.length);
  for (const { kind, entry, index, fromAttempt, row, message } of transitions) {
    args.push(kind, entry, index, fromAttempt, row, message);
  }
  settleScript.send(link, [keys.lease, keys.position, keys.retry, keys.deadLetters, keys.quarantine], args, onReply);
}

/** See show-position.lua. For show only, and done again: a failure needs no answer. */
export function showPosition(link: Link, keys: GroupKeys, group: string): void {
  showPositionScript.send(link, [keys.log, keys.position], [group], () => {});
}
