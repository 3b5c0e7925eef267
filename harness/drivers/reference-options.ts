import { DURABILITIES, type Durability } from '../../broker/index.js';
import { didYouMean } from '../scenario/suggest.js';
import { DriverError } from './driver-error.js';

/** `system.options` of the reference driver. */
export interface ReferenceOptions {
  readonly partitions: number;
  readonly durability: Durability;
  readonly ordering: 'key' | 'none';
  /** Handlings before a message becomes a dead letter. */
  readonly maxAttempts: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly publishTimeoutMs: number;
}

const DEFAULTS: ReferenceOptions = {
  partitions: 16,
  durability: 'leader',
  ordering: 'key',
  maxAttempts: 5,
  retryBaseMs: 50,
  retryCapMs: 1_000,
  publishTimeoutMs: 25_000,
};

const CHOICES: Partial<Record<keyof ReferenceOptions, readonly string[]>> = {
  durability: DURABILITIES,
  ordering: ['key', 'none'],
};

/** Validates the options of the scenario. Throws {@link DriverError} that names every wrong one. */
export function parseReferenceOptions(given: Readonly<Record<string, unknown>>): ReferenceOptions {
  const problems = Object.values(referenceOptionProblems(given));
  if (problems.length > 0) throw new DriverError('bad-option', `system.options: ${problems.join('; ')}`);
  return { ...DEFAULTS, ...given };
}

/** What is wrong with the options, by name; empty: nothing. */
export function referenceOptionProblems(given: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const problem = problemOf(name, value);
    return problem === undefined ? [] : [[name, problem] as const];
  });
  return Object.fromEntries(problems);
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(DEFAULTS, name)) {
    const names = Object.keys(DEFAULTS);
    return `${name} is unknown.${didYouMean(name, names)} There are: ${names.join(', ')}`;
  }
  const choices = CHOICES[name as keyof ReferenceOptions];
  if (choices !== undefined) {
    if (typeof value === 'string' && choices.includes(value)) return undefined;
    return `${name} ${JSON.stringify(value)}: one of ${choices.join(', ')}`;
  }
  if (Number.isInteger(value) && (value as number) >= 1) return undefined;
  return `${name} ${JSON.stringify(value)}: a whole number of at least 1`;
}
