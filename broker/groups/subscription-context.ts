import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory } from '../redis/directory.js';
import type { OpenMasterLinks } from '../redis/master-links.js';
import type { LeasePolicy } from './ownership.js';
import type { ResolvedSubscribeOptions } from './subscription-options.js';

/** What a subscription is given to work with. */
export interface SubscriptionContext {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  /** Random for each subscription: names it in leases. */
  readonly owner: string;
  readonly directory: Directory;
  readonly policy: LeasePolicy;
  readonly openLinks: OpenMasterLinks;
  readonly replyTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
  readonly options: ResolvedSubscribeOptions;
  /** Called once, when it takes nothing more and its connections are closed. */
  onClosed(): void;
}
