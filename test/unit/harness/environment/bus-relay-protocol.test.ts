import { expect, it } from 'vitest';
import { readSourcePort } from '../../../../harness/environment/bus-relay-protocol.js';

/** As Redis 7.0 begins a packet: signature, total length, version, port, type. */
const head = Buffer.from([0x52, 0x43, 0x6d, 0x62, 0, 0, 0x08, 0xd0, 0, 1, 0x4e, 0x21, 0, 0]);

it('the sender of a bus packet is known by its announced port', () => {
  expect(readSourcePort(head)).toBe(20_001);
  expect(readSourcePort(head.subarray(0, 12))).toBe(20_001);
});

it('waits for the whole of it, and takes nothing else for a packet', () => {
  expect(readSourcePort(head.subarray(0, 11))).toBeUndefined();
  expect(readSourcePort(Buffer.from('GET / HTTP/1.1\r\n'))).toBe(0);
});
