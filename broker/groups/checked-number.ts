import { BrokerError } from '../broker-error.js';
import { MAX_TIMER_MS } from '../clock.js';

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

/** The same of times that a timer is to wait for. */
export function timerMs(name: string, value: number, least: number): number {
  if (atLeast(name, value, least) <= MAX_TIMER_MS) return value;
  throw new BrokerError('bad-option', `${name} ${value}: at most ${MAX_TIMER_MS}, about 24 days`);
}
