import { parseEntry } from '../../../broker/groups/entry-reader.js';
import { decodeMessage, messageEnd } from '../../../broker/log/frame-codec.js';
import { groupKeys } from '../../../broker/log/keys.js';
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
    const left = unsettledOf(database, keys.log, keys.position);
    left.push(...[...(database.hash(keys.retry)?.values() ?? [])].map((row) => idOf(row)));
    if (left.length > 0) unsettled.set(partition, left);
    deadLetters.push(...messagesOf(database, keys.deadLetters));
    quarantined.push(...messagesOf(database, keys.quarantine));
    for (const fields of database.stream(keys.log)?.added ?? []) appended.push(...idsOf(fields));
  }
  return { unsettled, deadLetters, quarantined, appended };
}

function masterOf(world: World, slot: number): { readonly database: Database } {
  return world.authorities[Math.floor((slot * world.authorities.length) / SLOTS)]!.naming.master;
}

function unsettledOf(database: Database, log: string, position: string): string[] {
  const row = database.hash(position);
  const low = parseId(row?.get('low') ?? '0-0')!;
  const left: string[] = [];
  for (const { id, fields } of database.stream(log)?.entries ?? []) {
    if (compareIds(id, low) <= 0) continue;
    const bitmap = Buffer.from(row?.get(idText(id)) ?? '', 'latin1');
    for (const [index, message] of idsOf(fields).entries()) {
      if (((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) === 0) left.push(message);
    }
  }
  return left;
}

function messagesOf(database: Database, stream: string): string[] {
  return (database.stream(stream)?.entries ?? []).map(({ fields }) => {
    return idOf(fields[fields.indexOf('message') + 1] ?? '');
  });
}

function idsOf(fields: readonly string[]): string[] {
  const entry = parseEntry(fields.map((field) => Buffer.from(field, 'latin1')));
  if (entry === undefined) return ['an entry that cannot be read'];
  const ids: string[] = [];
  for (let offset = 0, index = 0; index < entry.count; index++) {
    const end = messageEnd(entry.frame, offset);
    if (typeof end === 'string') return [...ids, 'a frame that cannot be read'];
    const message = decodeMessage(entry.frame, offset, end);
    if (!entry.skip.includes(index)) {
      ids.push(typeof message === 'string' ? 'a message that cannot be read' : message.id);
    }
    offset = end;
  }
  return ids;
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
