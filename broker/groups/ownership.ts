import { BrokerError } from '../broker-error.js';
import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import { groupKeys } from '../log/keys.js';
import type { Durability, OnReplicaLoss } from '../log/message.js';
import { ChangeSignal } from '../redis/change-signal.js';
import { confirmations } from '../redis/confirmations.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { classifyFailure } from '../redis/refusal.js';
import { slotOf } from '../redis/slot.js';
import { Candidate, type Intent } from './candidate.js';
import type { PartitionPlan } from './consumer-group-coordinator.js';
import type { GroupLinks } from './group-links.js';
import type { LeaseStanding } from './health/lease-check.js';
import { Lease } from './lease.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { Acquired, Fenced } from './lease-scripts.js';
import type { LeaseTiming } from './lease-timing.js';
import { Tenure } from './tenure.js';

export interface OwnershipOptions {
  readonly topic: string;
  readonly group: string;
  readonly owner: string;
  /** Of the topic. */
  readonly partitions: number;
  readonly timing: LeaseTiming;
  readonly directory: Directory;
  readonly policy: LeasePolicy;
  readonly links: Pick<GroupLinks, 'lease' | 'settle' | 'read'>;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  /** A tenure has begun: its stored retries have to be taken up before anything is read. */
  onBegun(tenure: Tenure, acquired: Acquired): void;
  /** It is another member's by the plan: to be drained, and then {@link Ownership#giveBack | given back}. */
  onUnwanted(tenure: Tenure): void;
  /** Its owner's lease had lapsed; the plan is another one yet. */
  onTakenOver(partition: number): void;
  /** The group is no more. */
  onDeleted(): void;
  /** The lease is confirmed again. */
  onRenewed(tenure: Tenure): void;
}

/** What the broker was asked to wait for. */
export interface LeasePolicy {
  readonly durability: Durability;
  readonly onReplicaLoss: OnReplicaLoss;
}

const OWN: Intent = { kind: 'own' };
const NONE: Intent = { kind: 'none' };

/** Tenures that share a link. */
export interface TenuresOfLink {
  readonly link: Link;
  readonly tenures: readonly Tenure[];
}

/** The tenures of one member: they begin with confirmed leases, and end with them. */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #candidates: readonly Candidate[];
  readonly #keeper: LeaseKeeper;
  #tenures: readonly Tenure[] = [];
  #byLink: readonly TenuresOfLink[] = [];
  #isReleased = false;
  /** The server has answered, or nothing is acquired any more. */
  readonly #answered = new ChangeSignal();

  constructor(options: OwnershipOptions) {
    this.#options = options;
    const { topic, group, owner, partitions, timing, directory, policy, links, clock, onEvent } = options;
    this.#candidates = Array.from({ length: partitions }, (_, partition) => {
      const lease = new Lease(timing.stopMs);
      return new Candidate(partition, slotOf(topic, partition), groupKeys(topic, partition, group), lease);
    });
    this.#keeper = new LeaseKeeper({
      group,
      owner,
      timing,
      clock,
      candidates: this.#candidates,
      linkOf: (slot) => links.lease(slot),
      replicasOf: (slot) => replicasOf(directory, slot, policy),
      refresh: () => directory.refresh(),
      onHeld: (candidate) => this.#onHeld(candidate),
      onLost: (candidate, fenced) => this.#onLost(candidate, fenced),
      onConfirmation: ({ slot }, needed, confirmed) => {
        const master = directory.masterOf(slot)?.id;
        if (master !== undefined) onEvent({ kind: 'leases', topic, group, master, needed, confirmed });
      },
      onDeleted: () => options.onDeleted(),
      onAnswered: () => this.#answered.emit(),
    });
  }

  get tenures(): readonly Tenure[] {
    return this.#tenures;
  }

  /** The same, by the links on which they settle. */
  get tenuresByLink(): readonly TenuresOfLink[] {
    return this.#byLink;
  }

  tenureOf(partition: number): Tenure | undefined {
    return this.#tenures.find((tenure) => tenure.partition === partition);
  }

  /** How it stands with the partitions that are to be owned; those that wait for another member's hand-over do not count. */
  standing(): LeaseStanding {
    const nowMs = this.#options.clock.nowMs();
    const own = this.#candidates.filter(({ intent }) => intent.kind === 'own');
    const held = own.filter(({ lease }) => lease.isHeld(nowMs));
    const unleased = own.filter(({ lease }) => !lease.isHeld(nowMs) && lease.phase(nowMs) !== 'watching');
    const masters = new Set(unleased.map(({ link }) => link));
    return {
      held: [...new Map(held.map(({ link, partition }) => [link, partition])).values()],
      unleased: unleased.length,
      isUnleasedBeside: (partition) => masters.has(this.#candidates[partition]?.link),
    };
  }

  /** From now on these are to be owned and those to be watched; whatever else is ours is to be given back. */
  apply({ own, watch }: PartitionPlan): void {
    if (this.#isReleased) return;
    for (const candidate of this.#candidates) {
      const { partition, tenure, lease } = candidate;
      const patienceMs = watch.get(partition);
      if (own.has(partition)) candidate.intent = OWN;
      else candidate.intent = patienceMs === undefined ? NONE : { kind: 'watch', patienceMs };
      if (candidate.intent.kind === 'own') continue;
      if (tenure !== undefined) this.#options.onUnwanted(tenure);
      else if (lease.token !== undefined) void this.#keeper.release([candidate]);
    }
    this.#keeper.tick();
  }

  /** Ends the tenure, and gives its partition to whoever is to have it. */
  async giveBack(tenure: Tenure): Promise<void> {
    const candidate = this.#candidates.find((one) => one.tenure === tenure);
    if (candidate === undefined) return;
    tenure.end();
    candidate.tenure = undefined;
    this.#setTenures(this.#tenures.filter((other) => other !== tenure));
    await this.#keeper.release([candidate]);
  }

  /**
   * Resolves when the server has answered for every partition that is to be owned: whose it is, or that it is ours.
   * Throws BrokerError when Redis refuses, when `withinMs` have passed, or when {@link release} comes first.
   */
  async start(withinMs: number): Promise<void> {
    const missing = () => this.#candidates.find((candidate) => !candidate.isAnswered);
    const isAnswered = () => {
      const one = missing();
      const failure = one && this.#failureOf(one);
      if (failure !== undefined) throw failure;
      return one === undefined;
    };
    if (await this.#answered.until(isAnswered, this.#options.clock, withinMs)) return;
    throw this.#failureOf(missing()!, withinMs);
  }

  /** A link is open (again): tenures of another history than its server's are over. */
  onLinkOpen(link: Link): void {
    let isAnyLost = false;
    for (const candidate of this.#candidates) {
      const { tenure } = candidate;
      if (tenure === undefined || tenure.history === link.history) continue;
      if (tenure.link !== link && tenure.readLink !== link) continue;
      this.#keeper.lose(candidate);
      isAnyLost = true;
    }
    this.#keeper.onLinkOpen(link);
    if (isAnyLost) this.#keeper.tick();
  }

  onLinkClosed(link: Link): void {
    this.#keeper.onLinkClosed(link);
  }

  /** Renews now what has something to name, and asks for what is due. */
  look(): void {
    this.#keeper.look();
  }

  /** The directory may name another master. */
  onDirectoryChange(): void {
    this.#keeper.tick();
  }

  /** A script of the tenure was refused. */
  onFenced(tenure: Tenure, fenced: Fenced): void {
    if (tenure.isOver) return;
    const candidate = this.#candidates.find((other) => other.tenure === tenure);
    if (candidate === undefined) return;
    this.#keeper.lose(candidate, fenced);
    this.#keeper.tick();
  }

  /** What is to be ours on the master is, on its present history, or is known to be somebody else's. */
  isCaughtUp(master: Master): boolean {
    const { directory, clock } = this.#options;
    const nowMs = clock.nowMs();
    return this.#candidates.every(({ isActive, slot, link, lease, tenure }) => {
      if (!isActive || directory.masterOf(slot)?.id !== master.id) return true;
      if (link === undefined || !link.isOpen) return false;
      if (lease.phase(nowMs) === 'watching') return true;
      return tenure !== undefined && tenure.history === link.history && tenure.mayHandle(nowMs);
    });
  }

  /** Gives every partition back, and ends every tenure. Acquires nothing any more. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#keeper.stop();
    this.#answered.emit();
    for (const tenure of this.#tenures) tenure.end();
    await this.#keeper.release(this.#candidates);
    this.#setTenures([]);
  }

  /** Why there is no point in waiting for the candidate's first answer any more. */
  #failureOf({ lastError: cause, link, keys }: Candidate, passedMs?: number): BrokerError | undefined {
    if (this.#isReleased) return new BrokerError('closed', `${keys.lease}: closed before it was acquired`);
    if (cause !== undefined && classifyFailure(cause) === 'definite') {
      return new BrokerError('refused', `${keys.lease}: ${cause.message}`, { cause });
    }
    if (passedMs === undefined) return undefined;
    const reason = cause?.message ?? link?.lastReason ?? 'no master is named';
    return new BrokerError('connection', `${keys.lease}: not acquired within ${passedMs} ms: ${reason}`, { cause });
  }

  #onHeld(candidate: Candidate): void {
    if (candidate.tenure !== undefined) {
      this.#options.onRenewed(candidate.tenure);
      return;
    }
    const { topic, group, links, onEvent, onBegun } = this.#options;
    const { partition, slot, keys, lease, acquired, handledLog } = candidate;
    const link = links.settle(slot);
    const readLink = links.read(slot, partition);
    if (link === undefined || readLink === undefined || acquired === undefined) return;
    for (const other of [link, readLink]) {
      if (other.isOpen && other.history !== acquired.history) other.reset('the history of the server changed');
    }
    const tenure = new Tenure({ partition, keys, lease, acquired, link, readLink, handledLog });
    candidate.tenure = tenure;
    this.#setTenures([...this.#tenures, tenure]);
    onBegun(tenure, acquired);
    onEvent({ kind: candidate.wasInterrupted ? 'reacquired' : 'acquired', topic, group, partition });
    candidate.wasInterrupted = false;
    const { kind } = candidate.intent;
    if (kind === 'watch') this.#options.onTakenOver(partition);
    if (kind === 'none') this.#options.onUnwanted(tenure);
  }

  #onLost(candidate: Candidate, fenced: Fenced | undefined): void {
    const { tenure, partition } = candidate;
    if (tenure === undefined) return;
    tenure.end();
    candidate.tenure = undefined;
    this.#setTenures(this.#tenures.filter((other) => other !== tenure));
    const { topic, group, owner, onEvent } = this.#options;
    const isTaken = fenced !== undefined && fenced.owner !== '' && fenced.owner !== owner;
    candidate.wasInterrupted = !isTaken;
    if (isTaken) onEvent({ kind: 'ownership-lost', topic, group, partition });
  }

  #setTenures(tenures: readonly Tenure[]): void {
    this.#tenures = tenures;
    const links = [...new Set(tenures.map(({ link }) => link))];
    this.#byLink = links.map((link) => ({ link, tenures: tenures.filter((tenure) => tenure.link === link) }));
  }
}

/**
 * How many replicas of the slot's master have to confirm what decides about ownership. Where an authority can name another
 * master: all that are not down, whatever the policy, since the next master has to know of the owner. One server is named
 * for ever: owner and challenger ask the same one, and leases wait for its replicas only where publishing does too.
 */
export function replicasOf(directory: Directory, slot: number, { durability, onReplicaLoss }: LeasePolicy): number {
  const master = directory.masterOf(slot);
  if (master === undefined) return 0;
  if (directory.topology === 'standalone' && (durability === 'leader' || onReplicaLoss === 'degrade')) return 0;
  return confirmations('replicated', 'survivors', directory.census(master), 'lease');
}
