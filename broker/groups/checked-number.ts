import { BrokerError } from '../broker-error.js';

/** The option's value. Throws `bad-option` where it is no number, or a smaller one. */
export function atLeast(name: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least) return value;
  throw new BrokerError('bad-option', `${name} ${String(value)}: a number of at least ${least}`);
}

/** The same of whole numbers. */
export function wholeAtLeast(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new BrokerError('bad-option', `${name} ${String(value)}: a whole number of at least ${least}`);
}
