import { describe, expect, it } from 'vitest';
import { findSeed } from './find-seed.js';
import { mutatedScripts } from './mutate-scripts.js';
import { VARIANTS } from './variants.js';

/** The seed that is stored beside a variant shows it at once, unless the broker's course has changed since. */
const FEW = 40;

describe('without one of its rules the broker fails, and with it passes the very same schedules', () => {
  it.each(VARIANTS)('$rule', async (variant) => {
    const caught = await findSeed(variant, variant.seed, FEW);
    const text = `seeds ${variant.seed} on do not show it any more: npm run simulate -- --evidence --variants finds another`;
    expect(caught?.rule, text).toBeOneOf([...variant.breaks]);
  });

  it('a variant whose text is not in the script is refused', () => {
    expect(() => mutatedScripts({ scripts: [['log/publish.lua', 'no such text', '']] })).toThrow('does not contain');
  });
});
