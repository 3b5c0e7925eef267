import type { GroupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { HandledLog } from './handled-log.js';
import type { Lease } from './lease.js';
import type { Acquired } from './lease-scripts.js';
import type { Tenure } from './tenure.js';

/** A partition that this member owns or would own. */
export class Candidate {
  readonly partition: number;
  readonly slot: number;
  readonly keys: GroupKeys;
  readonly lease: Lease;
  readonly handledLog = new HandledLog();
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

  /** Whether the present server has said whose the partition is, and if ours, has it confirmed. */
  get isAnswered(): boolean {
    return this.tenure !== undefined || this.lease.takeoverAtMs !== undefined;
  }
}
