import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_BYTES } from '../../../../harness/ledger/record.js';
import { encodeRecord, recordCheck } from '../../../../harness/ledger/record-codec.js';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u8 = fc.integer({ min: 0, max: 255 });
const ns = fc.double({ min: 0, max: 1e17, noNaN: true });

function encode(...fields: [number, number, number, number, number, number]): DataView {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  encodeRecord(view, 0, ...fields);
  return view;
}

describe('encodeRecord', () => {
  it('lays a record out as documented, with its check', () => {
    fc.assert(
      fc.property(u32, u8, u8, ns, u32, u32, (ordinal, kind, flags, at, a, b) => {
        const view = encode(ordinal, kind, flags, at, a, b);
        const read = [view.getUint32(0, true), view.getUint8(4), view.getUint8(5), view.getFloat64(8, true)];
        expect(read).toEqual([ordinal, kind, flags, at]);
        expect([view.getUint32(16, true), view.getUint32(20, true)]).toEqual([a, b]);
        expect(view.getUint16(6, true)).toBe(recordCheck(view, 0));
      }),
    );
  });

  it('notices any flipped bit, but for one in 65,536 by chance', () => {
    const view = encode(123_456, 6, 0, 1.5e15, 7, 1);
    for (let bit = 0; bit < RECORD_BYTES * 8; bit++) {
      const at = bit >> 3;
      view.setUint8(at, view.getUint8(at) ^ (1 << (bit & 7)));
      expect(view.getUint16(6, true)).not.toBe(recordCheck(view, 0));
      view.setUint8(at, view.getUint8(at) ^ (1 << (bit & 7)));
    }
  });

  it('does not take zeroes for a record', () => {
    expect(recordCheck(new DataView(new ArrayBuffer(RECORD_BYTES)), 0)).not.toBe(0);
  });
});
