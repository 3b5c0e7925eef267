import { crc32 } from 'node:zlib';
import { seededRandom } from '../random.js';
import { POISON_KINDS, type PoisonKind } from '../scenario/scenario.js';

/**
 * What a message carries, little-endian:
 *
 * offset 0 u32 CRC-32 of all that follows | 4 u32 magic | 8 u64 nonce (as its hex digits read) | 16 u32 ordinal
 * | 20 u32 key | 24 u32 size | 28 u8 version | 29 u8 poison | 30 u16 0 | 32 filler
 *
 * The filler is a window of fixed noise that moves with the ordinal, so that it differs between messages at the price of
 * one copy.
 */
export const HEADER_BYTES = 32;

const MAGIC = 0x544e5547;
/** In place of the magic of messages that the application cannot parse. */
const UNDECODABLE_MAGIC = 0x4b4e554a;
const VERSION = 1;
const NOISE_BYTES = 1 << 16;
const UNDECODABLE = 1 + POISON_KINDS.indexOf('undecodable');

export interface Payload {
  /** 16 hex digits. */
  readonly nonce: string;
  readonly ordinal: number;
  /** Key index, or NO_KEY. */
  readonly key: number;
  readonly poison: PoisonKind | undefined;
}

/** What the application under load throws at bytes that it cannot parse: no retry can help. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError';
  readonly permanent = true;
}

/** A message's id: the nonce and the ordinal, `0123456789abcdef-42`. */
export function messageId(nonce: string, ordinal: number): string {
  return `${nonce}-${ordinal}`;
}

/** The parts of an id; undefined for anything else, also for a second spelling of one id. */
export function parseMessageId(id: string): { nonce: string; ordinal: number } | undefined {
  const match = /^([0-9a-f]{16})-(0|[1-9][0-9]{0,9})$/.exec(id);
  if (match === null) return undefined;
  const ordinal = Number(match[2]);
  return ordinal < 2 ** 32 ? { nonce: match[1]!, ordinal } : undefined;
}

/** Builds the payloads of one run. */
export class PayloadBuilder {
  readonly #sizeBytes: number;
  readonly #noise: Buffer;
  readonly #template: Buffer;

  /** `sizeBytes` counts the header too. */
  constructor(nonce: string, sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#noise = noise(NOISE_BYTES + sizeBytes);
    this.#template = Buffer.alloc(HEADER_BYTES);
    this.#template.writeUInt32LE(MAGIC, 4);
    this.#template.write(nonce, 8, 'hex');
    this.#template.writeUInt32LE(sizeBytes, 24);
    this.#template[28] = VERSION;
  }

  /** Memory for `count` payloads: one allocation for a whole tick keeps the collector quiet. */
  allocate(count: number): Buffer {
    return Buffer.allocUnsafeSlow(count * this.#sizeBytes);
  }

  /** Writes payload number `slot` of `memory` and returns its view. `poison` is coded as in the plan. */
  write(memory: Buffer, slot: number, ordinal: number, key: number, poison: number): Buffer {
    const payload = memory.subarray(slot * this.#sizeBytes, (slot + 1) * this.#sizeBytes);
    payload.set(this.#template);
    if (poison === UNDECODABLE) payload.writeUInt32LE(UNDECODABLE_MAGIC, 4);
    payload[29] = poison;
    payload.writeUInt32LE(ordinal, 16);
    payload.writeUInt32LE(key, 20);
    const from = Math.imul(ordinal, 0x9e3779b1) & (NOISE_BYTES - 1);
    this.#noise.copy(payload, HEADER_BYTES, from, from + this.#sizeBytes - HEADER_BYTES);
    payload.writeUInt32LE(crc32(payload.subarray(4)), 0);
    return payload;
  }
}

/** What the harness itself reads in a payload, poison included; undefined when it is not as a builder made it. */
export function inspectPayload(payload: Buffer): Payload | undefined {
  if (payload.length < HEADER_BYTES || payload.readUInt32LE(24) !== payload.length) return undefined;
  const poison = payload[29]!;
  const magic = poison === UNDECODABLE ? UNDECODABLE_MAGIC : MAGIC;
  if (payload.readUInt32LE(4) !== magic || payload[28] !== VERSION || poison > POISON_KINDS.length) return undefined;
  if (payload.readUInt32LE(0) !== crc32(payload.subarray(4))) return undefined;
  return {
    nonce: payload.toString('hex', 8, 16),
    ordinal: payload.readUInt32LE(16),
    key: payload.readUInt32LE(20),
    poison: POISON_KINDS[poison - 1],
  };
}

/** What the application under load does with a message first. Throws {@link UndecodableError}. */
export function decodePayload(payload: Buffer): Payload {
  const decoded = payload.length >= HEADER_BYTES && payload.readUInt32LE(4) === MAGIC && inspectPayload(payload);
  if (!decoded) throw new UndecodableError('the payload is not a message of this application');
  return decoded;
}

function noise(sizeBytes: number): Buffer {
  const random = seededRandom(0, 'payload-noise');
  const bytes = Buffer.alloc(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}
