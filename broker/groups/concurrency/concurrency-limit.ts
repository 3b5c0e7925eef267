import { atLeast, wholeAtLeast } from '../checked-number.js';
import { type AdaptiveConcurrency, GradientLimit } from './gradient-limit.js';

/** How many handlers of a member may run at a time. */
export interface ConcurrencyLimit {
  /** A handler that has run for longer than this may never return: it is overdue. */
  readonly overdueMs: number;
  /** What the member is good for: the same, but for a probe that is under way. */
  readonly lasting: number;
  /** Now, while so many of those that run are overdue. */
  now(nowMs: number, overdue: number): number;
  /** A handler has returned, or thrown, after `serviceMs`; `inFlight`: that ran then, with this one, and were not overdue. */
  returned(serviceMs: number, inFlight: number, failed: boolean, nowMs: number): void;
}

/** Adapted to what handlers take, between two bounds. */
export interface AdaptiveConcurrencyOptions {
  /** Never fewer (default 1). */
  readonly min?: number;
  /** Never more (default 256). */
  readonly max?: number;
  /** To begin with (default 16, or the bound that is next to it). */
  readonly initial?: number;
}

/** Throws BrokerError `bad-option`. */
export function resolveConcurrency(option: number | AdaptiveConcurrencyOptions): number | AdaptiveConcurrency {
  if (typeof option !== 'object' || option === null) return atLeast('concurrency', option, 1);
  const min = wholeAtLeast('concurrency.min', option.min ?? 1, 1);
  const max = wholeAtLeast('concurrency.max', option.max ?? Math.max(256, min), min);
  const initial = option.initial ?? Math.min(max, Math.max(min, 16));
  return { min, max, initial: Math.min(max, wholeAtLeast('concurrency.initial', initial, min)) };
}

export function concurrencyLimitOf(concurrency: number | AdaptiveConcurrency, nowMs: number): ConcurrencyLimit {
  if (typeof concurrency === 'object') return new GradientLimit(concurrency, nowMs);
  return { overdueMs: Number.POSITIVE_INFINITY, lasting: concurrency, now: () => concurrency, returned: () => {} };
}
