import type { GroupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { HandledLog } from './handled-log.js';
import type { Lease } from './lease.js';
import type { Acquired } from './lease-scripts.js';
import type { Tenure } from './tenure.js';

/**
 * What the member wants of a partition. `own`: to acquire it and keep it. `watch`: to take it over when its owner's lease
 * has lapsed, and only then. `none`: nothing; what is ours is given back.
 */
export type Intent =
  | { readonly kind: 'own' | 'none' }
  /** `patienceMs`: it must not have changed for so long, and at the least for its duration. */
  | { readonly kind: 'watch'; readonly patienceMs: number };

const NONE: Intent = { kind: 'none' };
/** How often is asked for what another member is about to give back. */
const AWAITED_EVERY_MS = 50;

/** A partition of the topic, as this member of the group sees it. */
export class Candidate {
  readonly partition: number;
  readonly slot: number;
  readonly keys: GroupKeys;
  readonly lease: Lease;
  readonly handledLog = new HandledLog();
  intent = NONE;
  /** When it was asked for last. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** The lease link to the present master of the slot. */
  link: Link | undefined;
  /** While the row is ours. */
  acquired: Acquired | undefined;
  /** From the moment on at which that is confirmed. */
  tenure: Tenure | undefined;
  /** The last tenure ended without another owner. */
  wasInterrupted = false;
  lastError: Error | undefined;

  constructor(partition: number, slot: number, keys: GroupKeys, lease: Lease) {
    this.partition = partition;
    this.slot = slot;
    this.keys = keys;
    this.lease = lease;
  }

  /** Whether there is something to ask the server. */
  get isActive(): boolean {
    return this.intent.kind !== 'none' || this.lease.token !== undefined;
  }

  /** When to ask for it before the next renewal: what another one may be about to give back, or does not renew any more. */
  get lookAtMs(): number {
    const { intent, lease, askedMs, tenure } = this;
    if (tenure?.suspicion?.wantsRenewal === true) return Number.NEGATIVE_INFINITY;
    if (intent.kind === 'own' && lease.takeoverAtMs !== undefined) return askedMs + AWAITED_EVERY_MS;
    const takeoverMs = intent.kind === 'watch' ? lease.takeoverAfterMs(intent.patienceMs) : undefined;
    return takeoverMs === undefined ? Number.POSITIVE_INFINITY : takeoverMs + 1;
  }

  /** Whether the present server has said whose the partition is, and if ours, has it confirmed. */
  get isAnswered(): boolean {
    return this.intent.kind !== 'own' || this.tenure !== undefined || this.lease.takeoverAtMs !== undefined;
  }
}
