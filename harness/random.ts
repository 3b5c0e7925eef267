import { randomBytes } from 'node:crypto';

/** A seeded stream of numbers in [0, 1). */
export type Random = () => number;

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32: fast, passes BigCrush, the same on every machine.
 * `stream` gives independent sequences for one seed (arrivals, keys, failures, ...), so that changing how many numbers
 * one of them draws does not move the others.
 */
export function seededRandom(seed: number, stream: string): Random {
  const mix = splitmix32((seed ^ hashString(stream)) >>> 0);
  let a = mix();
  let b = mix() ^ Math.floor(seed / 2 ** 32);
  let c = mix();
  let counter = 1;
  const next = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Stateless draw in [0, 1) for a tuple of integers: the same answer wherever and whenever it is asked. */
export function hashDraw(seed: number, ...parts: number[]): number {
  let h = splitmix32(seed >>> 0)();
  for (const part of parts) h = splitmix32((h ^ part) >>> 0)();
  return (h >>> 0) / 2 ** 32;
}

/** A fresh 64-bit nonce as 16 hex digits. Never derived from the seed: it tells one run's messages from another's. */
export function randomNonce(): string {
  return randomBytes(8).toString('hex');
}

/** FNV-1a, 32 bits. */
export function hashString(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function splitmix32(state: number): () => number {
  let s = state;
  return () => {
    s = (s + 0x9e3779b9) | 0;
    let t = s ^ (s >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}
