import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeHeaders,
  decodeMessage,
  encodedSize,
  encodeMessage,
  messageEnd,
} from '../../../../broker/log/frame-codec.js';
import type { OutgoingMessage } from '../../../../broker/log/message.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const anyMessage: fc.Arbitrary<OutgoingMessage & { id: string }> = fc.record({
  id: text,
  key: fc.option(text, { nil: undefined }),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  priority: fc.integer({ min: 0, max: 255 }),
  headers: fc.option(fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }), { nil: undefined }),
});

function encodeFrame(messages: readonly (OutgoingMessage & { id: string })[], wallMs: number): Buffer {
  const sizes = messages.map((message) => encodedSize(message.id, message) as number);
  const frame = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, message] of messages.entries()) at = encodeMessage(frame, at, sizes[i]!, message.id, message, wallMs);
  expect(at).toBe(frame.length);
  return frame;
}

describe('a frame', () => {
  it('gives back every message as it was, whatever its fields', () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
        fc.double({ noNaN: true }),
        (messages, wallMs) => {
          const frame = encodeFrame(messages, wallMs);
          let at = 0;
          for (const { id, key, payload, priority, headers } of messages) {
            const end = messageEnd(frame, at) as number;
            const decoded = decodeMessage(frame, at, end);
            expect(decoded).toMatchObject({
              id: wellFormed(id),
              key: key && wellFormed(key),
              priority,
              publishedAtMs: wallMs,
            });
            if (typeof decoded === 'string') throw new Error(decoded);
            expect(decoded.key === undefined).toBe(key === undefined);
            expect(decoded.payload.equals(payload)).toBe(true);
            expect(decodeHeaders(decoded.headers)).toEqual({ ...headers });
            at = end;
          }
          expect(at).toBe(frame.length);
        },
      ),
    );
  });

  it('gives back a header whose name means something to objects', () => {
    const headers = Object.fromEntries([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    const frame = encodeFrame([{ id: 'm', payload: Buffer.alloc(0), headers }], 0);
    const decoded = decodeMessage(frame, 0, frame.length);
    if (typeof decoded === 'string') throw new Error(decoded);
    expect(Object.entries(decodeHeaders(decoded.headers))).toEqual(Object.entries(headers));
  });

  it('never passes for whole when one of its bits is flipped', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, where) => {
        const frame = encodeFrame([message], 0);
        frame[(where >> 3) % frame.length]! ^= 1 << (where & 7);
        const end = messageEnd(frame, 0);
        const isWhole = end === frame.length && typeof decodeMessage(frame, 0, end) !== 'string';
        expect(isWhole).toBe(false);
      }),
    );
  });

  it('tells a cut message from a whole one', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, cut) => {
        const whole = encodeFrame([message], 0);
        const frame = whole.subarray(0, cut % whole.length);
        expect(['truncated', 'bad-size']).toContain(messageEnd(frame, 0));
        expect(['truncated', 'bad-crc']).toContain(decodeMessage(frame, 0, frame.length));
      }),
    );
  });

  it('refuses what its fields cannot hold', () => {
    const payload = Buffer.alloc(0);
    expect(encodedSize('x'.repeat(65_536), { payload })).toContain('id of 65536 bytes');
    expect(encodedSize('x', { payload, key: 'ü'.repeat(40_000) })).toContain('key of 80000 bytes');
    expect(encodedSize('x', { payload, headers: { a: 'b'.repeat(65_536) } })).toContain('headers');
    expect(encodedSize('x', { payload, priority: 1.5 })).toContain('priority: a whole number from 0 to 255');
  });

  it('takes nothing that its fields are not made of', () => {
    const whole = { payload: Buffer.from('p'), key: 'k', dedupeId: 'd', priority: 1, headers: { a: 'b' } };
    const sizeOf = (fields: object) => encodedSize('id', { ...whole, ...fields });
    expect(sizeOf({})).toBe(24 + 2 + 1 + 6 + 1);
    for (const value of [null, 42, true, {}, Symbol('s')]) {
      for (const field of ['key', 'dedupeId', 'payload']) expect(sizeOf({ [field]: value })).toContain(`${field}: a `);
      expect(sizeOf({ headers: { name: value } })).toContain('headers.name: a string is needed, not');
      expect(encodedSize(value as string, whole)).toContain('id: a string is needed, not');
    }
    expect(sizeOf({ headers: 'text' })).toContain("headers: an object of strings is needed, not 'text'");
    expect(sizeOf({ priority: null })).toContain('priority: a whole number from 0 to 255 is needed, not null');
    expect(encodedSize('id', null as unknown as OutgoingMessage)).toBe('message: an object is needed, not null');
  });
});

/** UTF-8 has no lone surrogates. */
function wellFormed(value: string): string {
  return Buffer.from(value).toString();
}
