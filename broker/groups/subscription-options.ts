import { BrokerError } from '../broker-error.js';
import type { RetryPolicy } from '../recovery/retry-policy.js';

export interface SubscribeOptions {
  /** Static ownership: this member handles the partitions p with p % of == member. Default: all of them. */
  readonly assignment?: { readonly member: number; readonly of: number };
  /** Handlers of this subscription that may run at a time (default 16). One key never has two. */
  readonly concurrency?: number;
  /** `key` (default): later messages of a key wait while one of it is retried. `none`: they pass. */
  readonly ordering?: 'key' | 'none';
  /** Handlings before a message becomes a dead letter (default 5). */
  readonly maxAttempts?: number;
  readonly retryBaseMs?: number;
  readonly retryCapMs?: number;
  /** Bytes read ahead and not settled (default 16 MiB), shared by the owned partitions. */
  readonly prefetchBytes?: number;
  /** Settlements gather this long before they are recorded (default 10). */
  readonly settleDelayMs?: number;
  /** Longest wait of `close()` for running handlers and their settlements (default 10,000). */
  readonly closeTimeoutMs?: number;
}

export interface ResolvedSubscribeOptions extends Required<Omit<SubscribeOptions, 'maxAttempts'>> {
  readonly retry: RetryPolicy;
}

export function resolveSubscribeOptions(options: SubscribeOptions): ResolvedSubscribeOptions {
  const assignment = options.assignment ?? { member: 0, of: 1 };
  const { member, of } = assignment;
  if (!(Number.isInteger(of) && of >= 1 && Number.isInteger(member) && member >= 0 && member < of)) {
    throw new BrokerError('bad-option', `assignment member ${member} of ${of}: member must be 0 to ${of - 1}`);
  }
  const ordering = options.ordering ?? 'key';
  if (ordering !== 'key' && ordering !== 'none') {
    throw new BrokerError('bad-option', `ordering '${String(ordering)}': 'key' or 'none'`);
  }
  return {
    assignment,
    ordering,
    concurrency: atLeast('concurrency', options.concurrency ?? 16, 1),
    prefetchBytes: atLeast('prefetchBytes', options.prefetchBytes ?? 16 * 1024 * 1024, 1),
    settleDelayMs: atLeast('settleDelayMs', options.settleDelayMs ?? 10, 0),
    closeTimeoutMs: atLeast('closeTimeoutMs', options.closeTimeoutMs ?? 10_000, 0),
    retryBaseMs: atLeast('retryBaseMs', options.retryBaseMs ?? 50, 0),
    retryCapMs: atLeast('retryCapMs', options.retryCapMs ?? 1_000, 0),
    retry: {
      maxAttempts: atLeast('maxAttempts', options.maxAttempts ?? 5, 1),
      baseMs: options.retryBaseMs ?? 50,
      capMs: options.retryCapMs ?? 1_000,
    },
  };
}

function atLeast(name: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least) return value;
  throw new BrokerError('bad-option', `${name} ${String(value)}: a number of at least ${least}`);
}
