import { randomBytes } from 'node:crypto';

/** Numbers in [0, 1): jitter takes one, so that tests can give their own. */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** A fresh 96-bit name of a producer or owner; from `random` where that is a test's own, so that a seed repeats it. */
export function randomName(random: Random = systemRandom): string {
  if (random === systemRandom) return randomBytes(12).toString('hex');
  return Array.from({ length: 24 }, () => Math.floor(random() * 16).toString(16)).join('');
}
