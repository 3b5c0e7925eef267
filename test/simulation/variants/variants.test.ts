import { describe, expect, it } from 'vitest';
import { planOf } from '../schedule/plan.js';
import { seedsFrom } from '../schedule/run-batch.js';
import { runSchedule } from '../schedule/run-schedule.js';
import { mutatedScripts } from './mutate-scripts.js';
import type { Variant } from './variant.js';
import { VARIANTS } from './variants.js';

/** Within so many schedules each variant has to fail; most need less than 20. */
const MOST_SCHEDULES = 400;

/** The first seed that shows it as its variant says. */
async function firstFailure(variant: Variant): Promise<number> {
  for (const seed of seedsFrom(1, MOST_SCHEDULES)) {
    const { violations } = await runSchedule(planOf(seed, variant.bias), { variant });
    if (violations.some(({ rule }) => variant.breaks.includes(rule))) return seed;
  }
  throw new Error(`no schedule noticed that a rule is off: ${variant.rule}`);
}

describe('without one of its rules the broker fails', () => {
  it.each(VARIANTS)('$rule', async (variant) => {
    const seed = await firstFailure(variant);
    // With the rule it passes the very same schedule.
    const { violations } = await runSchedule(planOf(seed, variant.bias));
    expect(violations).toEqual([]);
  });

  it('a variant whose text is not in the script is refused', () => {
    expect(() => mutatedScripts({ scripts: [['log/publish.lua', 'no such text', '']] })).toThrow('does not contain');
  });
});
