import { parseEntry } from '../groups/entry-reader.js';
import { mapOf } from '../groups/lease-scripts.js';
import { TrackedEntry } from '../groups/position.js';
import { decodeRetryRow } from '../recovery/retry-row.js';
import type { Link } from '../redis/link.js';
import { decodeMessage, messageEnd } from './frame-codec.js';
import { type GroupKeys, groupKeys } from './keys.js';

/** A message that the broker holds for a group. */
export interface StoredMessage {
  readonly place: 'log' | 'retry' | 'dead-letters' | 'quarantine';
  readonly partition: number;
  /** Where it was published: `<entry>:<index>`. */
  readonly position: string;
  /** Undefined where the message cannot be decoded. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  /** Where it cannot be decoded: the bytes that were found. */
  readonly payload: Buffer;
}

/** Of a stream: its id, names and values. */
export type Entry = readonly [Buffer, readonly Buffer[]];

const PAGE_ENTRIES = 64;

/**
 * Reads one partition message by message: what the group has not settled, its retries, dead letters and quarantine.
 * Page by page, without a lock: while consumers work, a message may be seen in two places, or in none.
 */
export async function* inventoryOfPartition(
  link: Link,
  topic: string,
  partition: number,
  group: string,
): AsyncGenerator<StoredMessage> {
  const keys = groupKeys(topic, partition, group);
  yield* unsettled(link, keys, partition);
  const retries = mapOf((await link.call('HGETALL', keys.retry)) as Buffer[]);
  for (const [position, stored] of retries) {
    const bytes = decodeRetryRow(stored)?.message ?? stored;
    yield storedMessage('retry', partition, position, bytes);
  }
  for (const place of ['dead-letters', 'quarantine'] as const) {
    const stream = place === 'quarantine' ? keys.quarantine : keys.deadLetters;
    for await (const [, fields] of streamEntries(link, stream, '-')) {
      const values = mapOf(fields);
      const message = values.get('message') ?? Buffer.alloc(0);
      yield storedMessage(place, partition, String(values.get('position')), message);
    }
  }
}

async function* unsettled(link: Link, keys: GroupKeys, partition: number): AsyncGenerator<StoredMessage> {
  const bitmaps = mapOf((await link.call('HGETALL', keys.position)) as Buffer[]);
  const low = String(bitmaps.get('low') ?? '0-0');
  for await (const [idBytes, fields] of streamEntries(link, keys.log, `(${low}`)) {
    const id = String(idBytes);
    const parsed = parseEntry(fields);
    const entry = new TrackedEntry(id, parsed?.count ?? 1, bitmaps.get(id));
    let offset: number | undefined = parsed === undefined ? undefined : 0;
    for (let index = 0; index < entry.count; index++) {
      const end: number | string | undefined =
        parsed === undefined || offset === undefined ? undefined : messageEnd(parsed.frame, offset);
      const isFound = typeof end === 'number';
      const bytes = isFound ? parsed!.frame.subarray(offset, end) : Buffer.alloc(0);
      if (!entry.isSettled(index) && parsed?.skip.includes(index) !== true)
        yield storedMessage('log', partition, `${id}:${index}`, bytes);
      offset = isFound ? end : undefined;
    }
  }
}

/** Of a stream, from `from` up to `to`, page by page. */
function streamEntries(link: Link, stream: string, from: string, to = '+'): AsyncGenerator<Entry> {
  return pagedEntries((start) => readPage(link, stream, start, to), from);
}

/** As many entries as one reply is to have. */
export async function readPage(link: Link, stream: string, from: string, to: string): Promise<Entry[]> {
  return (await link.call('XRANGE', stream, from, to, 'COUNT', PAGE_ENTRIES)) as unknown as Entry[];
}

/** From `from` up to where `read` gives less than a page. */
export async function* pagedEntries(read: (from: string) => Promise<Entry[]>, from: string): AsyncGenerator<Entry> {
  for (let start = from; ; ) {
    const page = await read(start);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ENTRIES) return;
    start = `(${String(last[0])}`;
  }
}

function storedMessage(
  place: StoredMessage['place'],
  partition: number,
  position: string,
  bytes: Buffer,
): StoredMessage {
  const end = messageEnd(bytes, 0);
  const decoded = typeof end === 'number' ? decodeMessage(bytes, 0, end) : undefined;
  if (decoded === undefined || typeof decoded === 'string') {
    return { place, partition, position, id: undefined, key: undefined, payload: bytes };
  }
  return { place, partition, position, id: decoded.id, key: decoded.key, payload: decoded.payload };
}
