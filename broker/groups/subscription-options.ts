import { BrokerError } from '../broker-error.js';
import { checkName } from '../log/topic.js';
import { type PoisonOptions, type ResolvedPoisonOptions, resolvePoisonOptions } from '../recovery/poison-options.js';
import type { Retention } from '../recovery/retention.js';
import {
  type RetryOptions,
  type RetrySubscribeOptions,
  resolveRetryOptions,
} from '../recovery/retries/retry-options.js';
import { type Balancing, type BalancingOptions, resolveBalancing } from './balancing.js';
import { atLeast, timerMs } from './checked-number.js';
import { type AdaptiveConcurrencyOptions, resolveConcurrency } from './concurrency/concurrency-limit.js';
import type { AdaptiveConcurrency } from './concurrency/gradient-limit.js';
import { type HealthOptions, type ResolvedHealthOptions, resolveHealthOptions } from './health/health-options.js';
import { checkedSession, checkedTiming, type LeaseTiming } from './lease-timing.js';

/** `sinceMs`: with the first message that was stored at that time (ms since the epoch, the server's clock) or later. */
export type StartAt = 'earliest' | 'latest' | { readonly sinceMs: number };

export interface SubscribeOptions extends HealthOptions, PoisonOptions, RetrySubscribeOptions {
  /**
   * This member's id, of its own for each process: after a restart within `sessionTimeoutMs` it gets back the partitions
   * that it had, and meanwhile nobody else does. Default: random, and what it had is another's as soon as it is gone.
   */
  readonly memberId?: string;
  /** How long the partitions of a member with a `memberId` wait for it (default 10,000). */
  readonly sessionTimeoutMs?: number;
  /** Where a group begins that does not exist yet (default `earliest`: with all that the logs keep). */
  readonly startAt?: StartAt;
  /**
   * Handlers of this subscription that may run at a time (default 16). One key never has two. With bounds instead of a number
   * it follows what handlers take: `{ max: 64 }`.
   */
  readonly concurrency?: number | AdaptiveConcurrencyOptions;
  /** `key` (default): later messages of a key wait while one of it is retried. `none`: they pass. */
  readonly ordering?: 'key' | 'none';
  /** Dead letters that are older are thrown away (default: never). */
  readonly deadLetterMaxAgeMs?: number;
  /** Above so many bytes of a partition's dead letters the oldest are thrown away (default: never). */
  readonly deadLetterMaxBytes?: number;
  /** Bytes read ahead and not settled (default 16 MiB), shared by the owned partitions. */
  readonly prefetchBytes?: number;
  /** Settlements of up to 8 partitions gather this long before they are recorded (default 10); those of 16 twice as long. */
  readonly settleDelayMs?: number;
  /** Another member takes a partition over when its owner has shown no life for this long (default 2,000). */
  readonly leaseDurationMs?: number;
  /** How often an owner shows that it lives (default 500). */
  readonly leaseRenewMs?: number;
  /** An owner that Redis and its replicas have not confirmed for this long handles nothing more (default 1,400). */
  readonly leaseStopMs?: number;
  /** How partitions follow load; `false`: they do not, only members that come and go move them. */
  readonly balancing?: BalancingOptions | false;
  /** Longest wait of a hand-over, and of `close()`, for running handlers and their settlements (default 10,000). */
  readonly closeTimeoutMs?: number;
}

type Lease = 'leaseDurationMs' | 'leaseRenewMs' | 'leaseStopMs';
type Kept = 'deadLetterMaxAgeMs' | 'deadLetterMaxBytes';

export interface ResolvedSubscribeOptions
  extends Required<
    Omit<
      SubscribeOptions,
      | 'memberId'
      | 'balancing'
      | 'concurrency'
      | Lease
      | Kept
      | keyof HealthOptions
      | keyof PoisonOptions
      | keyof RetrySubscribeOptions
    >
  > {
  readonly memberId: string | undefined;
  readonly concurrency: number | AdaptiveConcurrency;
  readonly retry: RetryOptions;
  readonly retention: Retention;
  readonly lease: LeaseTiming;
  readonly health: ResolvedHealthOptions;
  readonly poison: ResolvedPoisonOptions;
  /** Undefined: partitions do not follow load. */
  readonly balancing: Balancing | undefined;
}

/** Throws BrokerError `bad-option`. */
export function checkHandler(handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new BrokerError(
    'bad-option',
    `handler: a function is needed, not ${handler === null ? 'null' : typeof handler}`,
  );
}

export function resolveSubscribeOptions(options: SubscribeOptions): ResolvedSubscribeOptions {
  const { memberId } = options;
  if (memberId !== undefined) checkName('member', memberId);
  const { leaseDurationMs = 2_000, leaseRenewMs = 500, leaseStopMs = 1_400 } = options;
  const lease = checkedTiming({ leaseDurationMs, leaseRenewMs, leaseStopMs });
  const ordering = options.ordering ?? 'key';
  if (ordering !== 'key' && ordering !== 'none') {
    throw new BrokerError('bad-option', `ordering '${String(ordering)}': 'key' or 'none'`);
  }
  return {
    memberId,
    startAt: checkedStart(options.startAt ?? 'earliest'),
    ordering,
    concurrency: resolveConcurrency(options.concurrency ?? 16),
    prefetchBytes: atLeast('prefetchBytes', options.prefetchBytes ?? 16 * 1024 * 1024, 1),
    settleDelayMs: timerMs('settleDelayMs', options.settleDelayMs ?? 10, 0),
    closeTimeoutMs: timerMs('closeTimeoutMs', options.closeTimeoutMs ?? 10_000, 0),
    sessionTimeoutMs: checkedSession(options.sessionTimeoutMs, lease),
    lease,
    health: resolveHealthOptions(options),
    poison: resolvePoisonOptions(options),
    balancing: resolveBalancing(options.balancing ?? {}),
    retry: resolveRetryOptions(options),
    retention: {
      maxAgeMs: optional(options.deadLetterMaxAgeMs, (ms) => atLeast('deadLetterMaxAgeMs', ms, 1)),
      maxBytes: optional(options.deadLetterMaxBytes, (bytes) => atLeast('deadLetterMaxBytes', bytes, 1)),
    },
  };
}

function optional(value: number | undefined, check: (value: number) => number): number | undefined {
  return value === undefined ? undefined : check(value);
}

function checkedStart(startAt: StartAt): StartAt {
  if (startAt === 'earliest' || startAt === 'latest') return startAt;
  const sinceMs: unknown = startAt?.sinceMs;
  if (Number.isSafeInteger(sinceMs) && (sinceMs as number) > 0) return startAt;
  const got = typeof startAt === 'object' ? `{ sinceMs: ${String(sinceMs)} }` : `'${String(startAt)}'`;
  throw new BrokerError('bad-option', `startAt ${got}: 'earliest', 'latest', or { sinceMs: ms since the epoch }`);
}
