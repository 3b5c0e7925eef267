import { createHash } from 'node:crypto';

const HASH_BYTES = 16;

/** What the window keeps of an application id: 128 bits of its SHA-256, so that no two of billions meet by accident. */
export function dedupeHash(dedupeId: string): Buffer {
  return createHash('sha256').update(dedupeId).digest().subarray(0, HASH_BYTES);
}
