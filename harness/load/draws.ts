import type { Random } from '../random.js';
import type { KeySpec } from '../scenario/scenario.js';

/** Draws key indices; index 0 is the most popular of a Zipf distribution. */
export function keySampler(spec: Exclude<KeySpec, { kind: 'none' }>, random: Random): () => number {
  if (spec.kind === 'uniform') return () => Math.floor(random() * spec.count);
  const weights = new Float64Array(spec.count);
  for (let rank = 1; rank <= spec.count; rank++) weights[rank - 1] = rank ** -spec.exponent;
  return aliasSampler(weights, random);
}

/** Draws an index with the probability of its share; shares that do not reach 1 leave the rest to `otherwise`. */
export function shareSampler(shares: readonly number[], otherwise: number, random: Random): () => number {
  const bounds: number[] = [];
  let sum = 0;
  for (const share of shares) {
    sum += share;
    bounds.push(sum);
  }
  return () => {
    const draw = random();
    for (let i = 0; i < bounds.length; i++) if (draw < bounds[i]!) return i;
    return otherwise;
  };
}

/** Walker's alias method, built as by Vose (1991): two numbers and one look-up a draw, however many weights. */
function aliasSampler(weights: Float64Array, random: Random): () => number {
  const n = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const keep = weights.map((weight) => (weight * n) / total);
  const alias = new Uint32Array(n);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < n; i++) (keep[i]! < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!;
    const more = large.at(-1)!;
    alias[less] = more;
    keep[more] = keep[more]! - (1 - keep[less]!);
    if (keep[more]! < 1) small.push(large.pop()!);
  }
  // What is left differs from 1 by rounding only.
  for (const i of [...small, ...large]) keep[i] = 1;
  return () => {
    const i = Math.floor(random() * n);
    return random() < keep[i]! ? i : alias[i]!;
  };
}
