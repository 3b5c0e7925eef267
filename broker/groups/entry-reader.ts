import { decodeMessage, messageEnd, type Undecodable } from '../log/frame-codec.js';
import { Delivery, type EntryOrigin } from './delivery.js';
import type { TrackedEntry } from './position.js';
import type { Tenure } from './tenure.js';

/** An entry of the log as Redis returns it: id, then names and values alternating. Ours have one: see publish.lua. */
export type RawEntry = readonly [Buffer, readonly Buffer[]];

export type UndecodableReason = Undecodable | 'bad-entry';

export interface EntrySink {
  onMessage(delivery: Delivery): void;
  /** A message that cannot be decoded: it is known by its position only. */
  onUndecodable(tenure: Tenure, entry: TrackedEntry, index: number, reason: UndecodableReason, bytes: Buffer): void;
}

/** What an entry holds: see publish.lua. */
export interface ParsedEntry {
  readonly producer: string;
  readonly firstSequence: number;
  readonly count: number;
  readonly frame: Buffer;
  /** Indexes of messages that were stored before under their `dedupeId`: never handled. */
  readonly skip: readonly number[];
}

export function parseEntry([header, frame]: readonly Buffer[]): ParsedEntry | undefined {
  if (header === undefined || frame === undefined) return undefined;
  const [producer = '', , first, messages, , skipped] = header.toString('latin1').split(' ');
  const count = Number(messages);
  if (!(count >= 1 && count <= MAX_COUNT) || !Number.isInteger(count)) return undefined;
  const skip = skipped === undefined || skipped === '' ? NOTHING : skipped.split(',').map(Number);
  return { producer, firstSequence: Number(first), count, frame, skip };
}

const NOTHING: readonly number[] = [];

/** No frame has more: a larger count is damage. */
const MAX_COUNT = 65_536;

/** Takes one entry into a tenure: tracks it, and hands over each of its messages that is not settled. */
export function readEntry(tenure: Tenure, [idBytes, fields]: RawEntry, sink: EntrySink): number {
  const id = idBytes.toString('latin1');
  tenure.cursor = id;
  tenure.readEntries++;
  const parsed = parseEntry(fields);
  const settled = tenure.bitmaps.get(id);
  tenure.bitmaps.delete(id);
  if (parsed === undefined) {
    const entry = tenure.position.track(id, 1, settled);
    if (!entry.isSettled(0)) sink.onUndecodable(tenure, entry, 0, 'bad-entry', Buffer.concat(fields as Buffer[]));
    return 0;
  }
  const { frame, count, skip } = parsed;
  tenure.readMessages += count;
  const entry = tenure.position.track(id, count, settled);
  for (const index of skip) if (index < count) tenure.position.settle(entry, index);
  const origin = originOf(tenure, parsed);
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const end = messageEnd(frame, offset);
    if (typeof end === 'string') {
      // Sizes chain the messages: behind a broken one nothing can be found.
      for (let rest = index; rest < count; rest++) {
        const bytes = rest === index ? frame.subarray(offset) : Buffer.alloc(0);
        if (!entry.isSettled(rest)) sink.onUndecodable(tenure, entry, rest, end, bytes);
      }
      break;
    }
    if (!entry.isSettled(index)) {
      const decoded = decodeMessage(frame, offset, end);
      if (typeof decoded === 'string') sink.onUndecodable(tenure, entry, index, decoded, frame.subarray(offset, end));
      else sink.onMessage(new Delivery(tenure, id, index, entry, origin, decoded, 0));
    }
    offset = end;
  }
  return frame.length;
}

function originOf(tenure: Tenure, { producer, firstSequence }: ParsedEntry): EntryOrigin | undefined {
  if (producer === '' || !Number.isSafeInteger(firstSequence)) return undefined;
  return { firstSequence, handled: tenure.handledLog.of(producer) };
}
