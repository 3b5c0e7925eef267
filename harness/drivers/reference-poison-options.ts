import type { PoisonOptions } from '../../broker/index.js';
import { resolvePoisonOptions } from '../../broker/recovery/poison-options.js';
import { refusalOf } from './reference-health-options.js';

/** Options of the broker's handling of poison, which a scenario states as the broker takes them. */
export const POISON_OPTIONS = [
  'maxKills',
  'hangingMs',
  'onHang',
  'poisonConsumers',
  'maxMessageBytes',
] as const satisfies readonly (keyof PoisonOptions)[];

export function isPoisonOption(name: string): name is keyof PoisonOptions {
  return (POISON_OPTIONS as readonly string[]).includes(name);
}

/** What the broker itself says against it; undefined: nothing. `onHang` goes with `hangingMs`, which may be stated, too. */
export function poisonOptionProblem(name: keyof PoisonOptions, value: unknown, hangingMs: unknown): string | undefined {
  const others = name === 'onHang' && typeof hangingMs === 'number' ? { hangingMs } : {};
  return refusalOf(() => resolvePoisonOptions({ ...others, [name]: value }));
}

/** Those that are stated, for the broker to fill in the others. */
export function statedPoisonOptions(given: PoisonOptions): PoisonOptions {
  return Object.fromEntries(POISON_OPTIONS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}
