import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePayload,
  HEADER_BYTES,
  inspectPayload,
  messageId,
  PayloadBuilder,
  parseMessageId,
  UndecodableError,
} from '../../../../harness/load/payload.js';
import { NO_KEY } from '../../../../harness/load/plan.js';
import { NONCE } from '../../../fixtures/load-scenario.js';

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const sizes = fc.integer({ min: HEADER_BYTES, max: 4096 });
const nonces = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0'));

function build(nonce: string, sizeBytes: number, ordinal: number, key = NO_KEY, poison = 0): Buffer {
  const builder = new PayloadBuilder(nonce, sizeBytes);
  return builder.write(builder.allocate(2), 1, ordinal, key, poison);
}

describe('payload', () => {
  it('carries nonce, ordinal, key and poison in exactly the asked size', () => {
    fc.assert(
      fc.property(nonces, sizes, u32, u32, fc.constantFrom(0, 2), (nonce, sizeBytes, ordinal, key, poison) => {
        const payload = build(nonce, sizeBytes, ordinal, key, poison);
        expect(payload.length).toBe(sizeBytes);
        const expected = { nonce, ordinal, key, poison: poison === 0 ? undefined : 'failing' };
        expect(decodePayload(payload)).toEqual(expected);
        expect(inspectPayload(payload)).toEqual(expected);
      }),
    );
  });

  it('detects any single changed byte', () => {
    fc.assert(
      fc.property(u32, fc.nat(255), fc.integer({ min: 1, max: 255 }), (ordinal, at, flip) => {
        const payload = build(NONCE, 256, ordinal);
        payload[at]! ^= flip;
        expect(inspectPayload(payload)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('detects a payload that was cut, lengthened, or joined from two', () => {
    const payload = build(NONCE, 256, 1);
    expect(inspectPayload(payload.subarray(0, 255))).toBeUndefined();
    expect(inspectPayload(payload.subarray(0, 10))).toBeUndefined();
    expect(inspectPayload(Buffer.alloc(0))).toBeUndefined();
    expect(inspectPayload(Buffer.concat([payload, Buffer.alloc(1)]))).toBeUndefined();
    const other = build(NONCE, 256, 2);
    expect(inspectPayload(Buffer.concat([payload.subarray(0, 128), other.subarray(128)]))).toBeUndefined();
  });

  it('has a filler that differs between neighbours', () => {
    expect(build(NONCE, 256, 1).subarray(HEADER_BYTES)).not.toEqual(build(NONCE, 256, 2).subarray(HEADER_BYTES));
  });

  it('makes undecodable poison that the application refuses and the harness knows', () => {
    const payload = build(NONCE, 256, 7, 3, 1);
    expect(() => decodePayload(payload)).toThrow(UndecodableError);
    expect(inspectPayload(payload)).toEqual({ nonce: NONCE, ordinal: 7, key: 3, poison: 'undecodable' });
    payload[100]! ^= 1;
    expect(inspectPayload(payload)).toBeUndefined();
  });
});

describe('message id', () => {
  it('reads back', () => {
    fc.assert(
      fc.property(nonces, u32, (nonce, ordinal) => {
        expect(parseMessageId(messageId(nonce, ordinal))).toEqual({ nonce, ordinal });
      }),
    );
  });

  it('has one spelling', () => {
    for (const id of [
      '',
      '-1',
      `${NONCE}-`,
      `${NONCE}-01`,
      `${NONCE}-4294967296`,
      `${NONCE.toUpperCase()}-1`,
      `${NONCE}-1 `,
    ]) {
      expect(parseMessageId(id)).toBeUndefined();
    }
  });
});
