/**
 * Bytes of one ledger record. A `DataView` over the writer's or reader's memory, so that both sides agree on
 * little-endian whatever the machine is; V8 turns these calls into plain loads and stores.
 */

/** Writes one record of {@link RECORD_BYTES} at `offset`. */
export function encodeRecord(
  view: DataView,
  offset: number,
  ordinal: number,
  kind: number,
  flags: number,
  ns: number,
  a: number,
  b: number,
): void {
  view.setUint32(offset, ordinal, true);
  view.setUint8(offset + 4, kind);
  view.setUint8(offset + 5, flags);
  view.setFloat64(offset + 8, ns, true);
  view.setUint32(offset + 16, a, true);
  view.setUint32(offset + 20, b, true);
  view.setUint16(offset + 6, recordCheck(view, offset), true);
}

/**
 * Folds the 22 bytes besides the check itself into 16 bits: one round of MurmurHash3's mixing per word. The non-zero
 * start makes a zeroed record (a hole in the file) wrong.
 */
export function recordCheck(view: DataView, offset: number): number {
  let h = 0x9747b28c;
  h = mix(h, view.getUint32(offset, true));
  h = mix(h, view.getUint16(offset + 4, true));
  h = mix(h, view.getUint32(offset + 8, true));
  h = mix(h, view.getUint32(offset + 12, true));
  h = mix(h, view.getUint32(offset + 16, true));
  h = mix(h, view.getUint32(offset + 20, true));
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 16)) & 0xffff;
}

function mix(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const next = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}
