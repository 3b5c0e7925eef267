import type { HealthFinding, PoisonLoop } from './groups/health/finding.js';
import type { HealthState } from './groups/health/member-health.js';
import type { Durability } from './log/message.js';
import type { PatternNews } from './recovery/patterns/pattern-watch.js';
import type { QuarantineReason } from './recovery/quarantine-evidence.js';
import type { BreakerState } from './recovery/retries/circuit-breaker.js';
import type { RunState } from './recovery/workflow/workflow-run.js';

/** What the broker reports while it runs, besides outcomes: given to `onEvent`. */
export type BrokerEvent =
  | { readonly kind: 'connected'; readonly link: string; readonly history: string }
  | { readonly kind: 'disconnected'; readonly link: string; readonly reason: string }
  /** Redis has lost messages that it had acknowledged (restarted without them, or failed over). */
  | {
      readonly kind: 'acknowledged-loss';
      readonly topic: string;
      readonly partition: number;
      readonly firstSequence: number;
      readonly lastSequence: number;
    }
  /** This subscription handles this partition from now on. */
  | { readonly kind: 'acquired'; readonly topic: string; readonly group: string; readonly partition: number }
  /** At connecting, where no durability was asked for: what was chosen, and why. */
  | { readonly kind: 'durability'; readonly durability: Durability; readonly reason: string }
  /**
   * The group's roster has changed: what this member is to own from now on. It acquires what is free, and hands over what
   * is not its own any more.
   */
  | {
      readonly kind: 'assigned';
      readonly topic: string;
      readonly group: string;
      readonly generation: string;
      readonly members: number;
      readonly partitions: readonly number[];
    }
  /** This partition is another member's from now on: its messages were handled to the end, and it was given back. */
  | {
      readonly kind: 'handed-over';
      readonly topic: string;
      readonly group: string;
      readonly partition: number;
      readonly drainMs: number;
    }
  /** How many handlers may run at a time was adapted, by a quarter or more since the last such event. */
  | {
      readonly kind: 'concurrency';
      readonly topic: string;
      readonly group: string;
      readonly from: number;
      readonly to: number;
    }
  /** An autoscaler has had the group's members become more, or fewer. */
  | {
      readonly kind: 'scaling';
      readonly topic: string;
      readonly group: string;
      readonly from: number;
      readonly to: number;
      readonly reason: string;
    }
  /** Its scaler could not: it is asked again. */
  | {
      readonly kind: 'scaling-failed';
      readonly topic: string;
      readonly group: string;
      readonly to: number;
      readonly reason: string;
    }
  /** What `onLook` threw: it is called again at the next look. */
  | { readonly kind: 'scaling-look-failed'; readonly topic: string; readonly group: string; readonly reason: string }
  /**
   * A circuit breaker opened, since too many handlings fail, or lets one message probe, or closed. `dependency`: what the messages
   * that wait need; undefined: the handler, and all of them wait. `openMs`: until the next probe.
   */
  | {
      readonly kind: 'breaker';
      readonly topic: string;
      readonly group: string;
      readonly dependency: string | undefined;
      readonly state: BreakerState;
      readonly openMs: number;
      /** The failure that opened it, or what was seen. */
      readonly reason: string;
    }
  /** Another process took this member's seat while it was silent: the subscription closes itself. */
  | { readonly kind: 'member-replaced'; readonly topic: string; readonly group: string; readonly member: string }
  /** A member is sick, or well again, or is drained, or no more: told by each member of the group, of each. */
  | {
      readonly kind: 'member-health';
      readonly topic: string;
      readonly group: string;
      readonly member: string;
      readonly state: HealthState;
      readonly findings: readonly HealthFinding[];
      readonly isDraining: boolean;
    }
  /** By the `healthPolicy` a process has to take this member's place: told by each member of the group, once for each sickness. */
  | {
      readonly kind: 'replace-wanted';
      readonly topic: string;
      readonly group: string;
      readonly member: string;
      readonly findings: readonly HealthFinding[];
    }
  /** A message has failed here, and on other members before. */
  | ({ readonly kind: 'poison-loop'; readonly topic: string; readonly group: string } & PoisonLoop)
  /** What the failures of one cause on this member have in common was found, is another thing now, or has ended. */
  | ({ readonly kind: 'failure-pattern'; readonly topic: string; readonly group: string } & PatternNews)
  /** Another member acquired this partition: the subscription no longer handles it. */
  | { readonly kind: 'ownership-lost'; readonly topic: string; readonly group: string; readonly partition: number }
  /** The tenure was started anew because Redis' history changed. */
  | { readonly kind: 'reacquired'; readonly topic: string; readonly group: string; readonly partition: number }
  | FailoverEvent
  /**
   * At connecting: a setting of a server that could not be checked or that is good to know, or a replica that was not
   * reached. After a failover: why the new master is unfit for the durability; the broker goes on with it.
   */
  | { readonly kind: 'server-note'; readonly server: string; readonly note: string }
  /** Publishing goes on with fewer replicas than configured (`onReplicaLoss`), or again with all. */
  | { readonly kind: 'replicas'; readonly master: string; readonly needed: number; readonly configured: number }
  /**
   * Fewer replicas than needed confirm the leases of a group's partitions on this master: their messages are not handled
   * until as many as needed do, which is the next such event.
   */
  | {
      readonly kind: 'leases';
      readonly topic: string;
      readonly group: string;
      readonly master: string;
      readonly needed: number;
      readonly confirmed: number;
    }
  /** Somebody deleted the group: the subscription closes itself, and handles nothing more. */
  | { readonly kind: 'group-deleted'; readonly topic: string; readonly group: string }
  /** It is recorded. Not told where the answer to that was lost with the tenure. */
  | { readonly kind: 'dead-lettered'; readonly topic: string; readonly group: string; readonly id: string }
  | {
      readonly kind: 'quarantined';
      readonly topic: string;
      readonly group: string;
      readonly position: string;
      /** Undefined where it cannot be decoded. */
      readonly id: string | undefined;
      readonly reason: QuarantineReason;
    }
  /** A handler has not returned for `hangingMs`: told once of each handling. */
  | {
      readonly kind: 'message-hanging';
      readonly topic: string;
      readonly group: string;
      readonly partition: number;
      readonly id: string;
      readonly key: string | undefined;
      readonly attempt: number;
      readonly runningMs: number;
      /** It is in quarantine from now on. */
      readonly isSetAside: boolean;
    }
  /** A playbook begins for a subject, or has ended: told by the AutoRecoveryWorkflow that leads. */
  | {
      readonly kind: 'recovery';
      readonly topic: string;
      readonly group: string;
      readonly playbook: string;
      readonly subject: string;
      readonly state: RunState;
      readonly evidence: string;
      readonly note: string;
    }
  /** An AutoRecoveryWorkflow cannot look, or cannot record: it tries again with its next look. */
  | { readonly kind: 'recovery-trouble'; readonly topic: string; readonly group: string; readonly reason: string }
  /** Thrown away, since they were older or more than they are to be kept. */
  | {
      readonly kind: 'dead-letters-expired';
      readonly topic: string;
      readonly group: string;
      readonly partition: number;
      readonly count: number;
    };

/** One step of the FailoverManager, of which a diagram is in docs/guide/failover.md. */
export interface FailoverEvent {
  readonly kind: 'failover';
  readonly step: FailoverStep;
  /** `host:port` of the master that is concerned; the new one from `located` on. */
  readonly master: string;
  readonly epoch: number;
  /** Since the step before; 0 for the first. */
  readonly stepMs: number;
  /** Since the failover was noticed. */
  readonly totalMs: number;
  /** What was noticed, or what is waited for. */
  readonly reason: string;
}

/**
 * - `noticed`: connection, role, probe or authority say that something is wrong; publishing is frozen.
 * - `located`: the authority names a master.
 * - `verified`: that node answers as master of an epoch not lower than seen before, on a history of its own.
 * - `replayed`: it hears from as many replicas as publishing waits for (or does not after 5 s: `reason` says so), and every
 *   producer has compared its sequences and sent again what was missing.
 * - `reacquired`: every owned partition has an owner's token of the new history, or has another owner.
 * - `resumed`: all of it; normal operation.
 * - `stalled`: a step has taken longer than its bound: connections are opened anew, and the authority is asked again.
 */
export type FailoverStep = 'noticed' | 'located' | 'verified' | 'replayed' | 'reacquired' | 'resumed' | 'stalled';

export type OnBrokerEvent = (event: BrokerEvent) => void;
