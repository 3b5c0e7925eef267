import { planOf } from '../schedule/plan.js';
import { seedsFrom } from '../schedule/run-batch.js';
import { runSchedule } from '../schedule/run-schedule.js';
import type { Variant } from './variant.js';

/** A seed whose schedule a variant does not pass, and the broker as it is does. */
export interface Caught {
  readonly seed: number;
  /** How many were run until then. */
  readonly schedules: number;
  /** The rule that showed it. */
  readonly rule: string;
}

/**
 * The first of `count` schedules that shows that a rule is off, as its variant says; undefined where none does. Throws
 * where the broker with the rule fails one of the same schedules.
 */
export async function findSeed(variant: Variant, from: number, count: number): Promise<Caught | undefined> {
  let schedules = 0;
  for (const seed of seedsFrom(from, count)) {
    schedules++;
    const plan = planOf(seed, variant.bias);
    const [broken] = (await runSchedule(plan)).violations;
    if (broken !== undefined) {
      throw new Error(`${variant.name}, seed ${seed}: with the rule, too, ${broken.rule}: ${broken.detail}`);
    }
    const { violations } = await runSchedule(plan, { variant });
    const found = violations.find(({ rule }) => variant.breaks.includes(rule));
    if (found !== undefined) return { seed, schedules, rule: found.rule };
  }
  return undefined;
}
