import { BrokerError } from '../../broker-error.js';
import { atLeast, timerMs, wholeAtLeast } from '../../groups/checked-number.js';
import type { BreakerOptions } from './circuit-breaker.js';
import type { DependencyOf } from './handling-gate.js';
import type { RetryBudgetOptions } from './retry-budget.js';
import type { RetryJitter, RetryPolicy } from './retry-policy.js';

/** Of `subscribe`. */
export interface RetrySubscribeOptions {
  /** Handlings before a message becomes a dead letter (default 5). */
  readonly maxAttempts?: number;
  /** The pause after the first failure is up to this (default 50), and doubles with each. */
  readonly retryBaseMs?: number;
  /** The longest pause (default 30,000), unless the handler's error asks for a longer one. */
  readonly retryCapMs?: number;
  /** How pauses vary (default `full`). */
  readonly retryJitter?: RetryJitter;
  /** The longest that an error's `retryAfterMs` or `retryAfter` may ask for (default 3,600,000). */
  readonly retryAfterCapMs?: number;
  /**
   * Retries over ten seconds: a share of the messages that are handled for the first time (`ratio`, 0.2), and so many a second
   * more (`minPerSecond`, 10). What it does not cover waits. `false`: as many as are due.
   */
  readonly retryBudget?: Partial<RetryBudgetOptions> | false;
  /**
   * While at least so many of 1 (`failureRatio`, 0.5) of at least so many handlings (`minimumHandlings`, 20) fail within
   * `windowMs` (10,000), or as many one after another, of several keys, nothing is handled but a probe now and then: after `openMs` (1,000), and twice as long each time that it
   * fails, up to `maxOpenMs` (30,000). `false`: messages use up their attempts.
   */
  readonly breaker?: Partial<BreakerOptions> | false;
  /**
   * Names what a message needs and others do not: then each name has a breaker of its own, and while it is open only those
   * wait. An error's `dependency` names it, too.
   */
  readonly dependencyOf?: DependencyOf;
  /** A message that has failed is set aside as soon as more than so many of its key wait behind it (default 1,000). */
  readonly maxWaitingPerKey?: number;
}

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly budget: RetryBudgetOptions | undefined;
  readonly breaker: BreakerOptions | undefined;
  readonly dependencyOf: DependencyOf | undefined;
  readonly maxWaitingPerKey: number;
}

const BUDGET: RetryBudgetOptions = { ratio: 0.2, minPerSecond: 10 };
const BREAKER: BreakerOptions = {
  failureRatio: 0.5,
  minimumHandlings: 20,
  windowMs: 10_000,
  openMs: 1_000,
  maxOpenMs: 30_000,
};

/** Throws BrokerError `bad-option`. */
export function resolveRetryOptions(options: RetrySubscribeOptions): RetryOptions {
  const { retryJitter = 'full', dependencyOf, retryBudget = {}, breaker = {} } = options;
  if (retryJitter !== 'full' && retryJitter !== 'decorrelated') {
    throw new BrokerError('bad-option', `retryJitter '${String(retryJitter)}': 'full' or 'decorrelated'`);
  }
  if (dependencyOf !== undefined && typeof dependencyOf !== 'function') {
    throw new BrokerError('bad-option', `dependencyOf: a function is needed, not ${typeof dependencyOf}`);
  }
  const baseMs = timerMs('retryBaseMs', options.retryBaseMs ?? 50, 0);
  const capMs = timerMs('retryCapMs', options.retryCapMs ?? Math.max(30_000, baseMs), 0);
  const retryAfterCapMs = timerMs('retryAfterCapMs', options.retryAfterCapMs ?? 3_600_000, 0);
  return {
    policy: {
      maxAttempts: atLeast('maxAttempts', options.maxAttempts ?? 5, 1),
      baseMs,
      capMs,
      jitter: retryJitter,
      retryAfterCapMs,
    },
    budget:
      retryBudget === false ? undefined : checkedBudget({ ...BUDGET, ...known('retryBudget', retryBudget, BUDGET) }),
    breaker: breaker === false ? undefined : checkedBreaker({ ...BREAKER, ...known('breaker', breaker, BREAKER) }),
    dependencyOf,
    maxWaitingPerKey: wholeAtLeast('maxWaitingPerKey', options.maxWaitingPerKey ?? 1_000, 0),
  };
}

function checkedBudget({ ratio, minPerSecond }: RetryBudgetOptions): RetryBudgetOptions {
  return {
    ratio: atLeast('retryBudget.ratio', ratio, 0),
    // With less than one in ten seconds nothing would be tried again where all keys wait behind retries.
    minPerSecond: atLeast('retryBudget.minPerSecond', minPerSecond, 0.1),
  };
}

function checkedBreaker(breaker: BreakerOptions): BreakerOptions {
  const { failureRatio, minimumHandlings, windowMs, openMs, maxOpenMs } = breaker;
  if (!(failureRatio > 0 && failureRatio <= 1)) {
    throw new BrokerError('bad-option', `breaker.failureRatio ${failureRatio}: a number above 0, at most 1`);
  }
  return {
    failureRatio,
    minimumHandlings: wholeAtLeast('breaker.minimumHandlings', minimumHandlings, 1),
    windowMs: timerMs('breaker.windowMs', windowMs, 100),
    openMs: timerMs('breaker.openMs', openMs, 1),
    maxOpenMs: timerMs('breaker.maxOpenMs', maxOpenMs, openMs),
  };
}

/** Throws where something is given that there is not. */
function known<T extends object>(name: string, given: Partial<T>, all: T): Partial<T> {
  if (typeof given !== 'object' || given === null) {
    throw new BrokerError(
      'bad-option',
      `${name} ${String(given)}: false, or an object of ${Object.keys(all).join(', ')}`,
    );
  }
  for (const key of Object.keys(given)) {
    if (!(key in all)) throw new BrokerError('bad-option', `${name}.${key}: there are ${Object.keys(all).join(', ')}`);
  }
  return given;
}
