import { describe, expect, it } from 'vitest';
import type { Rule } from '../schedule/journal.js';
import { planOf } from '../schedule/plan.js';
import { runBatch, seedsFrom } from '../schedule/run-batch.js';
import { runSchedule } from '../schedule/run-schedule.js';
import { mutatedScripts } from './mutate-scripts.js';
import type { Variant } from './variant.js';
import { VARIANTS } from './variants.js';

/** Within so many schedules each variant has to fail; most need less than 20. */
const MOST_SCHEDULES = 400;

/** The first seed that shows it. */
async function firstFailure(variant: Variant): Promise<{ readonly seed: number; readonly rules: readonly Rule[] }> {
  let found: { readonly seed: number; readonly rules: readonly Rule[] } | undefined;
  await runBatch({
    seeds: seedsFrom(1, MOST_SCHEDULES),
    variant,
    stopAfterFailures: 1,
    onFailure: (seed, result) => {
      if (result instanceof Error) throw result;
      found = { seed, rules: result.violations.map(({ rule }) => rule) };
    },
  });
  if (found === undefined) throw new Error(`no schedule noticed that a rule is off: ${variant.rule}`);
  return found;
}

describe('without one of its rules the broker fails', () => {
  it.each(VARIANTS)('$rule', async (variant) => {
    const { seed, rules } = await firstFailure(variant);
    expect(rules.some((rule) => variant.breaks.includes(rule))).toBe(true);
    // With the rule it passes the very same schedule.
    const { violations } = await runSchedule(planOf(seed, variant.bias));
    expect(violations).toEqual([]);
  });

  it('a variant whose text is not in the script is refused', () => {
    expect(() => mutatedScripts({ scripts: [['log/publish.lua', 'no such text', '']] })).toThrow('does not contain');
  });
});
