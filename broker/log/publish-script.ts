import { Script } from '../redis/script.js';
import type { Reply } from '../redis/wire-command.js';
import type { PartitionKeys } from './keys.js';

/** See publish.lua for keys, arguments and replies. */
export const publishScript = new Script(new URL('./publish.lua', import.meta.url));

export type PublishReply = { readonly outcome: 'appended' | 'duplicate' | 'mismatch'; readonly stored: number };

/** What precedes the sequences in the command's wire format; constant for one producer and partition. */
export function publishPrefix(keys: PartitionKeys, producerId: string): string {
  const fields = ['EVALSHA', publishScript.sha, '2', keys.log, keys.producers, producerId];
  return `*${fields.length + 4}\r\n${fields.map(bulk).join('')}`;
}

/** Most that {@link writePublishHeader} adds to the prefix. */
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

export function parsePublishReply(reply: Reply): PublishReply {
  const [outcome, stored] = reply as [1 | 2 | 3, number];
  return { outcome: OUTCOMES[outcome], stored };
}

const OUTCOMES = { 1: 'appended', 2: 'duplicate', 3: 'mismatch' } as const;

/** Names and numbers of a publish command are ASCII: topic names are restricted, the rest is made here. */
function bulk(field: string): string {
  return `$${field.length}\r\n${field}\r\n`;
}
