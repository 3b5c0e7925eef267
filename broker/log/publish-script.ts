import { Script } from '../redis/script.js';
import type { Reply } from '../redis/wire-command.js';
import type { PartitionKeys } from './keys.js';

/** See publish.lua for keys, arguments and replies. */
export const publishScript = new Script(new URL('./publish.lua', import.meta.url));

export interface PublishReply {
  readonly outcome: 'appended' | 'duplicate' | 'mismatch' | 'log-full' | 'window-full';
  readonly stored: number;
  /** Indexes of the messages whose application id is known already. */
  readonly skip: readonly number[];
}

/** How many application ids a partition remembers, and for how long. */
export interface DedupeWindow {
  readonly windowMs: number;
  readonly maxIds: number;
}

/** What precedes the sequences in the command's wire format; constant for one producer and partition. */
export interface PublishPrefix {
  readonly plain: string;
  /** With application ids behind the frame. */
  readonly deduplicated: string;
}

export function publishPrefix(keys: PartitionKeys, producerId: string, maxLogBytes: number): PublishPrefix {
  const begin = (names: readonly string[], further: number) => {
    const fields = ['EVALSHA', publishScript.sha, String(names.length), ...names, producerId, String(maxLogBytes)];
    return `*${fields.length + 4 + further}\r\n${fields.map(bulk).join('')}`;
  };
  return {
    plain: begin([keys.log, keys.producers], 0),
    deduplicated: begin([keys.log, keys.producers, keys.dedup], 3),
  };
}

/** Most that {@link wrapPublish} adds to the prefix. */
export const PUBLISH_HEADER_BYTES = 96;

/** Completes the command around a frame in place: the frame lies in [start, end), 2 bytes follow it. Returns the bytes to send. */
export function wrapPublish(
  buffer: Buffer,
  start: number,
  end: number,
  prefix: string,
  prev: number,
  first: number,
  last: number,
): Buffer {
  const header = `${prefix}${bulk(String(prev))}${bulk(String(first))}${bulk(String(last))}$${end - start}\r\n`;
  const from = start - header.length;
  buffer.write(header, from, 'latin1');
  buffer[end] = 13;
  buffer[end + 1] = 10;
  return buffer.subarray(from, end + 2);
}

/** The command of {@link wrapPublish} with the prefix `deduplicated`, completed by the application ids. */
export function withDedupe(command: Buffer, hashes: Buffer, { windowMs, maxIds }: DedupeWindow): Buffer {
  const sliceMs = Math.ceil(windowMs / 4);
  const text = `${bulk(String(sliceMs))}${bulk(String(maxIds))}$${hashes.length}\r\n`;
  return Buffer.concat([command, Buffer.from(text, 'latin1'), hashes, CRLF]);
}

export function parsePublishReply(reply: Reply): PublishReply {
  const [outcome, stored, skip] = reply as [keyof typeof OUTCOMES, number, Buffer];
  const indexes = skip.length === 0 ? NONE : skip.toString('latin1').split(',').map(Number);
  return { outcome: OUTCOMES[outcome], stored, skip: indexes };
}

/** The last sequence in a producer's row; 0 where there is none. */
export function storedInRow(row: Reply): number {
  return row === null ? 0 : Number.parseInt(String(row), 10);
}

const OUTCOMES = { 1: 'appended', 2: 'duplicate', 3: 'mismatch', 4: 'log-full', 5: 'window-full' } as const;
const NONE: readonly number[] = [];
const CRLF = Buffer.from('\r\n');

/** Names and numbers of a publish command are ASCII: topic names are restricted, the rest is made here. */
function bulk(field: string): string {
  return `$${field.length}\r\n${field}\r\n`;
}
