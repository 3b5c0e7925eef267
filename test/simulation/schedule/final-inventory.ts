import { parseEntry } from '../../../broker/groups/entry-reader.js';
import { decodeMessage, messageEnd } from '../../../broker/log/frame-codec.js';
import { type GroupKeys, groupKeys } from '../../../broker/log/keys.js';
import { slotOf } from '../../../broker/redis/slot.js';
import type { Database } from '../redis/database.js';
import { compareIds, idText, parseId } from '../redis/stream.js';
import type { World } from '../world/world.js';
import { GROUP, type Stage, TOPIC } from './stage.js';

export interface FinalInventory {
  /** By partition. */
  readonly unsettled: ReadonlyMap<number, readonly string[]>;
  readonly deadLetters: readonly string[];
  readonly quarantined: readonly string[];
  /** All that were ever appended to the surviving logs, those twice that are there twice. */
  readonly appended: readonly string[];
}

const SLOTS = 16_384;

/** Reads the keys of the masters that are named at the end. */
export function finalInventory({ world, plan }: Stage): FinalInventory {
  const unsettled = new Map<number, string[]>();
  const deadLetters: string[] = [];
  const quarantined: string[] = [];
  const appended: string[] = [];
  for (let partition = 0; partition < plan.partitions; partition++) {
    const keys = groupKeys(TOPIC, partition, GROUP);
    const { database } = masterOf(world, slotOf(TOPIC, partition));
    const left = unsettledOf(database, keys);
    if (left.length > 0) unsettled.set(partition, left);
    deadLetters.push(...messagesOf(database, keys.deadLetters));
    quarantined.push(...messagesOf(database, keys.quarantine));
    appended.push(...appendedTo(database, keys));
  }
  return { unsettled, deadLetters, quarantined, appended };
}

function masterOf(world: World, slot: number): { readonly database: Database } {
  return world.authorities[Math.floor((slot * world.authorities.length) / SLOTS)]!.naming.master;
}

/** What the group's position and retry rows leave to be handled. */
export function unsettledOf(database: Database, keys: GroupKeys): string[] {
  const row = database.hash(keys.position);
  const low = parseId(row?.get('low') ?? '0-0')!;
  const left = [...(database.hash(keys.retry)?.values() ?? [])].map((stored) => idOf(stored));
  for (const { id, fields } of database.stream(keys.log)?.entries ?? []) {
    if (compareIds(id, low) <= 0) continue;
    const bitmap = Buffer.from(row?.get(idText(id)) ?? '', 'latin1');
    for (const [index, message] of messagesIn(fields)) {
      if (((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) === 0) left.push(message);
    }
  }
  return left;
}

/** All messages that were ever appended to this log, trimmed since or not. */
export function appendedTo(database: Database, { log }: GroupKeys): string[] {
  return (database.stream(log)?.added ?? []).flatMap((fields) => messagesIn(fields).map(([, id]) => id));
}

function messagesOf(database: Database, stream: string): string[] {
  return (database.stream(stream)?.entries ?? []).map(({ fields }) => {
    return idOf(fields[fields.indexOf('message') + 1] ?? '');
  });
}

/** Index in the frame and id of each message, without those that were skipped as duplicates. */
function messagesIn(fields: readonly string[]): (readonly [index: number, id: string])[] {
  const entry = parseEntry(fields.map((field) => Buffer.from(field, 'latin1')));
  if (entry === undefined) return [[0, 'an entry that cannot be read']];
  const found: (readonly [number, string])[] = [];
  for (let offset = 0, index = 0; index < entry.count; index++) {
    const end = messageEnd(entry.frame, offset);
    if (typeof end === 'string') return [...found, [index, 'a frame that cannot be read']];
    const message = decodeMessage(entry.frame, offset, end);
    if (!entry.skip.includes(index)) {
      found.push([index, typeof message === 'string' ? 'a message that cannot be read' : message.id]);
    }
    offset = end;
  }
  return found;
}

/** Of what a retry row or a dead letter holds: the message is at its end. */
function idOf(stored: string): string {
  const bytes = Buffer.from(stored, 'latin1');
  for (let start = 0; start < bytes.length; start++) {
    if (messageEnd(bytes, start) !== bytes.length) continue;
    const message = decodeMessage(bytes, start, bytes.length);
    if (typeof message !== 'string') return message.id;
  }
  return 'a message that cannot be read';
}
