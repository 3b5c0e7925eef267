/** What the bench writes into a payload: when it was due, and its number. The rest is ASCII, as JSON would like it. */
export const STAMP_BYTES = 12;

export function stampedPayload(sizeBytes: number, dueNs: number, sequence: number): Buffer {
  const payload = Buffer.allocUnsafe(sizeBytes).fill(0x78, STAMP_BYTES);
  payload.writeDoubleLE(dueNs, 0);
  payload.writeUInt32LE(sequence, 8);
  return payload;
}

export function dueNsOf(payload: Buffer): number {
  return payload.readDoubleLE(0);
}

export function sequenceOf(payload: Buffer): number {
  return payload.readUInt32LE(8);
}
