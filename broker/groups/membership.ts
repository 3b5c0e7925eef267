import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { slotOf } from '../redis/slot.js';
import { ConsumerGroupCoordinator, type PartitionPlan } from './consumer-group-coordinator.js';
import type { GroupLinks } from './group-links.js';
import { HandOver } from './hand-over.js';
import type { LeaseStanding } from './health/lease-check.js';
import type { Acquired, Fenced } from './lease-scripts.js';
import { type LeasePolicy, Ownership, type TenuresOfLink } from './ownership.js';
import type { MemberReport, Roster, RosterChange } from './roster.js';
import type { ResolvedSubscribeOptions } from './subscription-options.js';
import type { Tenure } from './tenure.js';

export interface MembershipOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  /** Random for each subscription: names it in leases. */
  readonly owner: string;
  readonly directory: Directory;
  readonly policy: LeasePolicy;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  readonly options: ResolvedSubscribeOptions;
  readonly links: GroupLinks;
  /** Resolves when no handler of the tenure runs. */
  idle(tenure: Tenure): Promise<void>;
  /** Sends what is handled and not recorded. */
  flush(): void;
  trim(tenures: readonly Tenure[]): Promise<void>;
  /** What the other members are told with the next beat. */
  report(): MemberReport;
  /** A reply shows the group; what is to be changed in it for the health of its members. */
  onSeen(roster: Roster, history: string | undefined): RosterChange | undefined;
  onBegun(tenure: Tenure, acquired: Acquired): void;
  /** The lease is confirmed again. */
  onRenewed(tenure: Tenure): void;
  /** The group is no more. */
  onDeleted(): void;
  /** Another process has taken the seat. */
  onReplaced(): void;
}

const NOTHING: PartitionPlan = { own: new Set(), watch: new Map() };

/**
 * A member's partitions: which it is to own (by the roster), which it owns (by their leases), and how it hands over what is
 * another's.
 */
export class Membership {
  readonly #coordinator: ConsumerGroupCoordinator;
  readonly #ownership: Ownership;
  readonly #handOver: HandOver;

  constructor(membership: MembershipOptions) {
    const { topic, group, partitions, owner, directory, policy, clock, onEvent, options, links } = membership;
    const { lease, memberId, sessionTimeoutMs, closeTimeoutMs } = options;
    this.#ownership = new Ownership({
      topic,
      group,
      owner,
      partitions,
      directory,
      policy,
      clock,
      onEvent,
      links,
      timing: lease,
      onBegun: membership.onBegun,
      onRenewed: membership.onRenewed,
      onDeleted: membership.onDeleted,
      onUnwanted: (tenure) => void this.#handOver.begin(tenure),
      onTakenOver: (partition) => this.#coordinator.claim(partition),
    });
    this.#handOver = new HandOver({
      clock,
      timeoutMs: closeTimeoutMs,
      idle: membership.idle,
      flush: membership.flush,
      trim: membership.trim,
      giveBack: (tenure) => this.#ownership.giveBack(tenure),
      onHandedOver: ({ partition }, drainMs) =>
        onEvent({ kind: 'handed-over', topic, group, partition, drainMs: Math.round(drainMs) }),
    });
    this.#coordinator = new ConsumerGroupCoordinator({
      topic,
      group,
      partitions,
      member: { id: memberId ?? owner, isStatic: memberId !== undefined },
      instance: owner,
      sessionMs: memberId === undefined ? lease.durationMs : sessionTimeoutMs,
      beatMs: lease.renewMs,
      clock,
      onEvent,
      link: () => links.settle(slotOf(topic)),
      refresh: () => directory.refresh(),
      held: () => this.tenures.map(({ partition }) => partition),
      report: membership.report,
      onSeen: membership.onSeen,
      onPlan: (plan) => this.#ownership.apply(plan),
      onReplaced: membership.onReplaced,
    });
  }

  /** Members of the group as this one knows it, sorted. */
  get members(): string[] {
    return this.#coordinator.members;
  }

  get tenures(): readonly Tenure[] {
    return this.#ownership.tenures;
  }

  /** The same, by the links on which they settle. */
  get tenuresByLink(): readonly TenuresOfLink[] {
    return this.#ownership.tenuresByLink;
  }

  /** How it stands with the partitions that are to be owned. */
  standing(): LeaseStanding {
    return this.#ownership.standing();
  }

  tenureOf(partition: number): Tenure | undefined {
    return this.#ownership.tenureOf(partition);
  }

  /**
   * Takes a seat; resolves when the server has answered for every partition that is to be owned. Each of the two may take
   * `withinMs`. Throws BrokerError: see {@link ConsumerGroupCoordinator.join} and {@link Ownership.start}.
   */
  async join(withinMs: number): Promise<void> {
    await this.#coordinator.join(withinMs);
    await this.#ownership.start(withinMs);
  }

  /** Gives the seat up, and then every partition, each when it is drained; resolves when all are given back. */
  async leave(): Promise<void> {
    // The others know before the partitions come back: nobody has to find out.
    await this.#coordinator.leave();
    this.#ownership.apply(NOTHING);
    await Promise.all(this.tenures.map((tenure) => this.#handOver.begin(tenure)));
  }

  /** Ends every tenure, and gives back what there is, drained or not. Acquires nothing any more. */
  async release(): Promise<void> {
    this.#coordinator.stop();
    const released = this.#ownership.release();
    this.#handOver.stop();
    await released;
  }

  /** What is to be ours on the master is, on its present history, or is known to be somebody else's. */
  isCaughtUp(master: Master): boolean {
    return this.#ownership.isCaughtUp(master);
  }

  /** A settlement was answered. */
  onAnswered(): void {
    this.#handOver.answered();
  }

  /** A script of the tenure was refused. */
  onFenced(tenure: Tenure, fenced: Fenced): void {
    this.#ownership.onFenced(tenure, fenced);
  }

  /** Some tenure wants to be renewed before its time. */
  renewSoon(): void {
    this.#ownership.look();
  }

  onLinkOpen(link: Link): void {
    this.#ownership.onLinkOpen(link);
    this.#handOver.answered();
  }

  onLinkClosed(link: Link): void {
    this.#ownership.onLinkClosed(link);
  }

  /** The directory may name another master. */
  onDirectoryChange(): void {
    this.#ownership.onDirectoryChange();
  }
}
