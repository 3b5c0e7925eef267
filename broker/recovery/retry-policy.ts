import type { Random } from '../random.js';

export interface RetryPolicy {
  /** Handlings before a message becomes a dead letter. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait after the `attempt`-th failure: full jitter, uniform in [0, min(cap, base * 2^(attempt - 1))]
 * ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015), but never below a tenth of the bound, so that a
 * retry is not an immediate one.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: Random): number {
  const bound = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
  return bound * (0.1 + 0.9 * random());
}
