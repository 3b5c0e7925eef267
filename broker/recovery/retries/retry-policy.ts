import type { Random } from '../../random.js';

export type RetryJitter = 'full' | 'decorrelated';

export interface RetryPolicy {
  /** Handlings before a message becomes a dead letter. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly jitter: RetryJitter;
  /** The longest that a handler's error may ask for. */
  readonly retryAfterCapMs: number;
}

/**
 * How long to wait after the `attempt`-th failure, from base / 10 to cap ("Exponential Backoff And Jitter", AWS Architecture
 * Blog, 2015). `full`: uniform up to min(cap, base * 2^(attempt - 1)), but at least a tenth of that, so that a retry is not an
 * immediate one. `decorrelated`: uniform from base to three times the delay before, which it needs.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, previousMs: number, random: Random): number {
  const { baseMs, capMs, jitter } = policy;
  if (jitter === 'decorrelated') {
    const most = Math.max(baseMs, 3 * Math.min(previousMs, capMs));
    return Math.min(capMs, baseMs + (most - baseMs) * random());
  }
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return bound * (0.1 + 0.9 * random());
}
