import type { Random } from '../random.js';

const REPLICATES = 1000;

/**
 * One-sided percentile bounds of a statistic by block bootstrap: blocks (seconds) are drawn with replacement, so that
 * the correlation of neighbouring samples stays inside a block (Künsch, Annals of Statistics 17, 1989, with
 * non-overlapping blocks). `statistic` gets how often each block was drawn.
 */
export function blockBootstrap(
  blocks: number,
  level: number,
  random: Random,
  statistic: (weights: Uint16Array) => number,
): readonly [number, number] | undefined {
  if (blocks < 2) return undefined;
  const replicates = new Float64Array(REPLICATES);
  const weights = new Uint16Array(blocks);
  for (let i = 0; i < REPLICATES; i++) {
    weights.fill(0);
    for (let draw = 0; draw < blocks; draw++) {
      const block = Math.floor(random() * blocks);
      weights[block] = (weights[block] as number) + 1;
    }
    replicates[i] = statistic(weights);
  }
  replicates.sort();
  const above = Math.min(REPLICATES - 1, Math.ceil(level * REPLICATES) - 1);
  return [replicates[REPLICATES - 1 - above] as number, replicates[above] as number];
}
