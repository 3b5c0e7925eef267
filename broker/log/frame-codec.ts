import { crc32 } from 'node:zlib';
import type { OutgoingMessage } from './message.js';

/**
 * A frame is a run of messages, nothing before, between or after them. One message, little-endian:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u32 | size: bytes from offset 8 on |
 * | 4 | u32 | CRC-32 of those bytes |
 * | 8 | u8 | flags: 1 has a key |
 * | 9 | u8 | priority |
 * | 10 | u16 | bytes of the id |
 * | 12 | u16 | bytes of the key |
 * | 14 | u16 | bytes of the headers: (u16 length, bytes) alternating names and values |
 * | 16 | f64 | publish time, wall clock, ms |
 * | 24 | | id, key, headers, payload |
 */
const HEADER_BYTES = 24;
const PREFIX_BYTES = 8;
const HAS_KEY = 1;
const MAX_FIELD_BYTES = 0xffff;

export interface DecodedMessage {
  readonly id: string;
  readonly key: string | undefined;
  readonly priority: number;
  readonly publishedAtMs: number;
  /** Views of the frame. */
  readonly headers: Buffer | undefined;
  readonly payload: Buffer;
  /** The whole message, as encoded. */
  readonly raw: Buffer;
}

export type Undecodable = 'truncated' | 'bad-size' | 'bad-crc' | 'bad-fields';

/** Bytes that the message takes in a frame; a text instead says what is wrong with it. */
export function encodedSize(id: string, message: OutgoingMessage): number | string {
  const idBytes = Buffer.byteLength(id);
  if (idBytes > MAX_FIELD_BYTES) return `id of ${idBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  const keyBytes = message.key === undefined ? 0 : Buffer.byteLength(message.key);
  if (keyBytes > MAX_FIELD_BYTES) return `key of ${keyBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  const headerBytes = message.headers === undefined ? 0 : headersSize(message.headers);
  if (headerBytes > MAX_FIELD_BYTES) return `headers of ${headerBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  const priority = message.priority ?? 0;
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= 255)) return `priority ${priority}; 0 to 255`;
  return HEADER_BYTES + idBytes + keyBytes + headerBytes + message.payload.length;
}

/** Writes the message at `offset`; `size` is its {@link encodedSize}. Returns the offset behind it. */
export function encodeMessage(
  target: Buffer,
  offset: number,
  size: number,
  id: string,
  message: OutgoingMessage,
  wallMs: number,
): number {
  let at = offset + HEADER_BYTES;
  const idBytes = target.write(id, at);
  at += idBytes;
  const keyBytes = message.key === undefined ? 0 : target.write(message.key, at);
  at += keyBytes;
  const headersAt = at;
  if (message.headers !== undefined) at = writeHeaders(target, at, message.headers);
  message.payload.copy(target, at);
  const end = offset + size;
  target.writeUInt32LE(size - PREFIX_BYTES, offset);
  target[offset + 8] = message.key === undefined ? 0 : HAS_KEY;
  target[offset + 9] = message.priority ?? 0;
  target.writeUInt16LE(idBytes, offset + 10);
  target.writeUInt16LE(keyBytes, offset + 12);
  target.writeUInt16LE(at - headersAt, offset + 14);
  target.writeDoubleLE(wallMs, offset + 16);
  target.writeUInt32LE(crc32(target.subarray(offset + PREFIX_BYTES, end)), offset + 4);
  return end;
}

/** Offset behind the message that starts at `offset`, or what is wrong with its size. */
export function messageEnd(frame: Buffer, offset: number): number | 'truncated' | 'bad-size' {
  if (offset + HEADER_BYTES > frame.length) return 'truncated';
  const size = frame.readUInt32LE(offset);
  const end = offset + PREFIX_BYTES + size;
  return size < HEADER_BYTES - PREFIX_BYTES || end > frame.length ? 'bad-size' : end;
}

/** Decodes the message in [offset, end). */
export function decodeMessage(frame: Buffer, offset: number, end: number): DecodedMessage | Undecodable {
  const raw = frame.subarray(offset, end);
  if (crc32(raw.subarray(PREFIX_BYTES)) !== raw.readUInt32LE(4)) return 'bad-crc';
  const idEnd = HEADER_BYTES + raw.readUInt16LE(10);
  const keyEnd = idEnd + raw.readUInt16LE(12);
  const headersEnd = keyEnd + raw.readUInt16LE(14);
  if (headersEnd > raw.length) return 'bad-fields';
  return {
    id: raw.toString('utf8', HEADER_BYTES, idEnd),
    key: (raw[8]! & HAS_KEY) === 0 ? undefined : raw.toString('utf8', idEnd, keyEnd),
    priority: raw[9]!,
    publishedAtMs: raw.readDoubleLE(16),
    headers: headersEnd === keyEnd ? undefined : raw.subarray(keyEnd, headersEnd),
    payload: raw.subarray(headersEnd),
    raw,
  };
}

export function decodeHeaders(bytes: Buffer | undefined): Readonly<Record<string, string>> {
  if (bytes === undefined) return {};
  const fields: string[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    fields.push(bytes.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) headers.push([fields[i]!, fields[i + 1]!]);
  // Unlike an assignment, this takes `__proto__` for a name like any other.
  return Object.fromEntries(headers);
}

function headersSize(headers: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const name in headers) size += 4 + Buffer.byteLength(name) + Buffer.byteLength(headers[name]!);
  return size;
}

function writeHeaders(target: Buffer, offset: number, headers: Readonly<Record<string, string>>): number {
  let at = offset;
  for (const name in headers) {
    for (const field of [name, headers[name]!]) {
      const length = target.write(field, at + 2);
      target.writeUInt16LE(length, at);
      at += 2 + length;
    }
  }
  return at;
}
