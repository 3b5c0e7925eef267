/**
 * Partition of a key: FNV-1a (32 bits) over its UTF-8 bytes, mixed once more (murmur3's finalizer; FNV's low bits are
 * weak), modulo the number of partitions. Part of the stored format: changing it breaks the order of keys in flight.
 */
export function partitionOfKey(key: string, partitions: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 0x7f) return mix(hashBytes(Buffer.from(key))) % partitions;
    h = Math.imul(h ^ code, 0x01000193);
  }
  return mix(h) % partitions;
}

function hashBytes(bytes: Buffer): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h;
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
