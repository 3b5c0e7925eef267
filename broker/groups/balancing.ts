import { BrokerError } from '../broker-error.js';

/** How partitions follow load. The same for all members: whichever of them changes the assignment goes by its own. */
export interface BalancingOptions {
  /** A partition weighs its messages a second, and those with which its lag would be gone after this time (default 10,000). */
  readonly drainMs?: number;
  /** Load above the mean that a member may have, as a part of it (default 0.15). */
  readonly slack?: number;
  /** Partitions move only if the busiest member gets that much less of the mean, or the next ones (default 0.2)... */
  readonly threshold?: number;
  /** ... and has been so for this long (default 10,000)... */
  readonly holdMs?: number;
  /** ... and members and assignment have been the same for this long (default 30,000). */
  readonly coolDownMs?: number;
}

export type Balancing = Required<BalancingOptions>;

const DEFAULTS: Balancing = { drainMs: 10_000, slack: 0.15, threshold: 0.2, holdMs: 10_000, coolDownMs: 30_000 };

/** Undefined where partitions are not to follow load. Throws `bad-option`. */
export function resolveBalancing(options: BalancingOptions | false): Balancing | undefined {
  if (options === false) return undefined;
  const balancing = { ...DEFAULTS, ...options };
  for (const name of ['slack', 'threshold', 'drainMs'] as const) {
    if (!(balancing[name] > 0)) throw bad(name, balancing[name], 'a number above 0');
  }
  for (const name of ['holdMs', 'coolDownMs'] as const) {
    if (!(balancing[name] >= 0)) throw bad(name, balancing[name], 'a number of at least 0');
  }
  return balancing;
}

function bad(name: string, value: unknown, expected: string): BrokerError {
  return new BrokerError('bad-option', `balancing.${name} ${String(value)}: ${expected}`);
}
