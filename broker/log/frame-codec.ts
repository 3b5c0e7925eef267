import { inspect } from 'node:util';
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

/**
 * A message where it lies in its frame. Most of them wait in a queue: what only some readers ask for is decoded when they
 * do, so that a waiting message is few objects (docs/adr/0005).
 */
export class DecodedMessage {
  readonly key: string | undefined;
  readonly #frame: Buffer;
  readonly #start: number;
  readonly #end: number;
  #payload: Buffer | undefined;

  /** The message in [start, end), whose sizes are known to fit. */
  constructor(frame: Buffer, start: number, end: number) {
    this.#frame = frame;
    this.#start = start;
    this.#end = end;
    this.key = (frame[start + 8]! & HAS_KEY) === 0 ? undefined : frame.toString('utf8', this.#idEnd, this.#keyEnd);
  }

  get id(): string {
    return this.#frame.toString('utf8', this.#start + HEADER_BYTES, this.#idEnd);
  }

  get priority(): number {
    return this.#frame[this.#start + 9]!;
  }

  get publishedAtMs(): number {
    return this.#frame.readDoubleLE(this.#start + 16);
  }

  /** Encoded: see {@link decodeHeaders}. */
  get headers(): Buffer | undefined {
    const [from, to] = [this.#keyEnd, this.#headersEnd];
    return from === to ? undefined : this.#frame.subarray(from, to);
  }

  /** A view of the frame. */
  get payload(): Buffer {
    this.#payload ??= this.#frame.subarray(this.#headersEnd, this.#end);
    return this.#payload;
  }

  /** The whole message, as encoded: a view of the frame. */
  get raw(): Buffer {
    return this.#frame.subarray(this.#start, this.#end);
  }

  /** Bytes of {@link raw}. */
  get size(): number {
    return this.#end - this.#start;
  }

  get #idEnd(): number {
    return this.#start + HEADER_BYTES + this.#frame.readUInt16LE(this.#start + 10);
  }

  get #keyEnd(): number {
    return this.#idEnd + this.#frame.readUInt16LE(this.#start + 12);
  }

  get #headersEnd(): number {
    return this.#keyEnd + this.#frame.readUInt16LE(this.#start + 14);
  }
}

export type Undecodable = 'truncated' | 'bad-size' | 'bad-crc' | 'bad-fields';

/**
 * Bytes that the message takes in a frame; a text instead says what is wrong with it. Callers need not use types: whatever
 * passes here can be encoded, and has a partition and a hash.
 */
export function encodedSize(id: string, message: OutgoingMessage): number | string {
  if (typeof message !== 'object' || message === null) return wrong('message', 'an object', message);
  const { key, payload, dedupeId, headers, priority = 0 } = message;
  if (!Buffer.isBuffer(payload)) return wrong('payload', 'a Buffer', payload);
  if (typeof id !== 'string') return wrong('id', 'a string', id);
  if (key !== undefined && typeof key !== 'string') return wrong('key', 'a string', key);
  if (dedupeId !== undefined && typeof dedupeId !== 'string') return wrong('dedupeId', 'a string', dedupeId);
  const idBytes = Buffer.byteLength(id);
  if (idBytes > MAX_FIELD_BYTES) return `id of ${idBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  const keyBytes = key === undefined ? 0 : Buffer.byteLength(key);
  if (keyBytes > MAX_FIELD_BYTES) return `key of ${keyBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  const headerBytes = headers === undefined ? 0 : headersSize(headers);
  if (typeof headerBytes === 'string') return headerBytes;
  if (headerBytes > MAX_FIELD_BYTES) return `headers of ${headerBytes} bytes; at most ${MAX_FIELD_BYTES}`;
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= 255)) {
    return wrong('priority', 'a whole number from 0 to 255', priority);
  }
  return HEADER_BYTES + idBytes + keyBytes + headerBytes + payload.length;
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
  if (offset + HEADER_BYTES > end) return 'truncated';
  if (crc32(frame.subarray(offset + PREFIX_BYTES, end)) !== frame.readUInt32LE(offset + 4)) return 'bad-crc';
  const fields = frame.readUInt16LE(offset + 10) + frame.readUInt16LE(offset + 12) + frame.readUInt16LE(offset + 14);
  return offset + HEADER_BYTES + fields > end ? 'bad-fields' : new DecodedMessage(frame, offset, end);
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

function headersSize(headers: Readonly<Record<string, string>>): number | string {
  if (typeof headers !== 'object' || headers === null) return wrong('headers', 'an object of strings', headers);
  let size = 0;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value !== 'string') return wrong(`headers.${name}`, 'a string', value);
    size += 4 + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return size;
}

function wrong(field: string, expected: string, value: unknown): string {
  return `${field}: ${expected} is needed, not ${inspect(value, { depth: 0, maxStringLength: 80, maxArrayLength: 8 })}`;
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
