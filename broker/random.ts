import { randomBytes } from 'node:crypto';

/** Numbers in [0, 1): jitter takes one, so that tests can give their own. */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** A fresh 96-bit name of a producer or owner. */
export function randomName(): string {
  return randomBytes(12).toString('hex');
}
