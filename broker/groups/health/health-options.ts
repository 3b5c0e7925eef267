import { BrokerError } from '../../broker-error.js';
import { atLeast } from '../checked-number.js';

/**
 * What is done about a sick member. `warn`: its event, nothing else. `drain`: it hands its partitions over, and is given
 * none until it is well. `replace`: the same, and the event `replace-wanted` asks whoever starts processes for another one.
 */
export type HealthAction = 'warn' | 'drain' | 'replace';

/** Nothing is done about a silent member: silence says nothing about ownership, which is decided by leases alone. */
export type HealthPolicy = Readonly<Record<TreatedFinding, HealthAction>>;

export type TreatedFinding = 'slow' | 'stuck' | 'stalled' | 'failing' | 'unleased';

export interface HealthOptions {
  /**
   * What is done about members that are `slow`, `stuck`, `stalled`, `failing` or `unleased` (default: `warn` for each).
   */
  readonly healthPolicy?: Partial<HealthPolicy>;
  /** A handler that has not returned for longer than this is stuck (default 30,000). */
  readonly stuckHandlerMs?: number;
  /** A member whose event loop stood still for longer than this is stalled (default 1,000). */
  readonly stalledLoopMs?: number;
  /** A member whose handlers take more than this many times the median of its peers', by at least 10 ms, is slow (default 3). */
  readonly slowFactor?: number;
  /** A member is suspect whose silence a living one would keep with a probability of 10^-phi (default 8). */
  readonly phiThreshold?: number;
  /**
   * For how long a drained member is given no partition (default 10,000). Twice as long where it is sick again within four
   * times of that, and so on up to 16 times: whether it is slow shows only when it handles messages again.
   */
  readonly drainMs?: number;
}

export type ResolvedHealthOptions = Required<Omit<HealthOptions, 'healthPolicy'>> & { readonly policy: HealthPolicy };

const ACTIONS: ReadonlySet<unknown> = new Set<HealthAction>(['warn', 'drain', 'replace']);
const DEFAULTS: HealthPolicy = { slow: 'warn', stuck: 'warn', stalled: 'warn', failing: 'warn', unleased: 'warn' };

/** Throws BrokerError `bad-option`. */
export function resolveHealthOptions(options: HealthOptions): ResolvedHealthOptions {
  return {
    policy: checkedPolicy(options.healthPolicy ?? {}),
    stuckHandlerMs: atLeast('stuckHandlerMs', options.stuckHandlerMs ?? 30_000, 1),
    stalledLoopMs: atLeast('stalledLoopMs', options.stalledLoopMs ?? 1_000, 1),
    slowFactor: atLeast('slowFactor', options.slowFactor ?? 3, 1.5),
    phiThreshold: atLeast('phiThreshold', options.phiThreshold ?? 8, 1),
    drainMs: atLeast('drainMs', options.drainMs ?? 10_000, 0),
  };
}

function checkedPolicy(policy: Partial<HealthPolicy>): HealthPolicy {
  for (const [finding, action] of Object.entries(policy)) {
    if (!(finding in DEFAULTS)) {
      throw new BrokerError('bad-option', `healthPolicy.${finding}: there are ${Object.keys(DEFAULTS).join(', ')}`);
    }
    if (!ACTIONS.has(action)) {
      const text = `healthPolicy.${finding} '${String(action)}': 'warn', 'drain' or 'replace'`;
      throw new BrokerError('bad-option', text);
    }
  }
  return { ...DEFAULTS, ...policy };
}
