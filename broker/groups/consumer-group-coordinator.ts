import { BrokerError } from '../broker-error.js';
import type { OnBrokerEvent } from '../broker-event.js';
import type { CancelTimer, Clock } from '../clock.js';
import { membersKey } from '../log/keys.js';
import { ChangeSignal } from '../redis/change-signal.js';
import type { Link } from '../redis/link.js';
import { classifyFailure, isRedirection } from '../redis/refusal.js';
import { heirsOf } from './assignment.js';
import {
  correctionOf,
  type MemberReport,
  type Roster,
  type RosterChange,
  type Seat,
  takersOf,
  withoutSeat,
  withSeat,
  withSeatAway,
} from './roster.js';
import { sendBeat, sendChange } from './roster-scripts.js';
import { SilenceWatch } from './silence-watch.js';

/** What a member is to do about each partition. */
export interface PartitionPlan {
  /** To acquire, and to keep. */
  readonly own: ReadonlySet<number>;
  /** To watch: how long the owner's lease must not have changed before it is taken over, ms (at the least its duration). */
  readonly watch: ReadonlyMap<number, number>;
}

export interface CoordinatorOptions {
  readonly topic: string;
  readonly group: string;
  readonly partitions: number;
  /** Its id: given, so that it finds its partitions again after a restart, or random. */
  readonly member: { readonly id: string; readonly isStatic: boolean };
  /** Random for each subscription: the owner that leases name. */
  readonly instance: string;
  readonly sessionMs: number;
  readonly beatMs: number;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  /** The link to the master that keeps the roster. */
  link(): Link | undefined;
  /** Another node may be responsible: the authority has to be asked again. */
  refresh(): void;
  /** Partitions whose leases are held. */
  held(): readonly number[];
  /** What the others are told with the next beat. */
  report(): MemberReport;
  /** A reply shows the group; what is to be changed in it for the health of its members. */
  onSeen(roster: Roster, history: string | undefined): RosterChange | undefined;
  onPlan(plan: PartitionPlan): void;
  /** Another process has taken the seat: this one has been silent for too long, and has the same member id. */
  onReplaced(): void;
}

/** Whoever has the same id and was silent for so many beats is gone: its seat is taken over. */
const SILENT_BEATS = 3;
/** Whoever was silent for more beats than this may be gone. */
const DOUBTFUL_BEATS = 2;

/**
 * One member's part in its group: it shows that it lives, sees who else does, and learns which partitions it is to own.
 * There is no leader. Whoever notices that somebody is silent, or has come, changes the roster by compare-and-set, with an
 * assignment that every member would compute alike. The roster decides who *asks* for a partition; who owns it is decided
 * by its lease alone, so that a roster that was lost, or went back with a failover, costs moves and never order.
 */
export class ConsumerGroupCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #key: string;
  readonly #silence = new SilenceWatch();
  /** Taken over as an heir, and from whom: the roster is to say so. */
  readonly #claims = new Map<number, string | undefined>();
  #roster: Roster | undefined;
  #history: string | undefined;
  /** Has had the seat in this life. */
  #isSeated = false;
  /** A living process has the same id. */
  #isDuplicate = false;
  #isBusy = false;
  #isStopped = false;
  #lastError: Error | undefined;
  #cancelTimer: CancelTimer | undefined;
  /** A reply was taken in, or nothing comes any more. */
  readonly #answered = new ChangeSignal();

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#key = membersKey(options.topic, options.group);
  }

  /** Generation of the roster that was seen last; '0' before the first. */
  get generation(): string {
    return this.#roster?.generation ?? '0';
  }

  /** Members of the group, sorted. */
  get members(): string[] {
    return [...(this.#roster?.seats.keys() ?? [])].sort();
  }

  /**
   * Takes a seat; resolves when there is a plan. Throws BrokerError: `duplicate-member` where a living process has the same
   * id, `refused`, `connection` after `withinMs`, `closed` when {@link stop} comes first.
   */
  async join(withinMs: number): Promise<void> {
    this.beat();
    const isSeated = () => {
      const failure = this.#isSeated ? undefined : this.#failure();
      if (failure !== undefined) throw failure;
      return this.#isSeated;
    };
    if (await this.#answered.until(isSeated, this.#options.clock, withinMs)) return;
    throw this.#failure(withinMs);
  }

  /** Beats now, and from now on. */
  beat(): void {
    if (this.#isStopped) return;
    const { clock, beatMs } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(beatMs, () => this.beat());
    const link = this.#openLink();
    if (link === undefined || this.#isBusy) return;
    this.#isBusy = true;
    const { member, instance, partitions, report } = this.#options;
    sendBeat(link, this.#key, { id: member.id, instance }, report(), partitions, (error, roster) =>
      this.#take(error, roster),
    );
  }

  /** A partition was taken over whose owner, by the roster, is another one. */
  claim(partition: number): void {
    const owner = this.#roster?.assignment[partition];
    if (owner === this.#options.member.id) return;
    this.#claims.set(partition, owner);
    this.#publishPlan();
    this.beat();
  }

  /** Gives the seat up, or with a given id leaves it for the session; resolves when that is stored or has failed. */
  async leave(): Promise<void> {
    this.stop();
    const { member, instance, sessionMs, clock } = this.#options;
    // It may be about to take the seat, which is nobody's any more after its session.
    await this.#answered.until(() => !this.#isBusy, clock, sessionMs);
    for (let attempt = 0; attempt < 3; attempt++) {
      const link = this.#openLink();
      const seat = this.#roster?.seats.get(member.id);
      if (link === undefined || this.#roster === undefined || seat?.instance !== instance) return;
      const change = member.isStatic ? withSeatAway(this.#roster, seat) : withoutSeat(this.#roster, seat);
      if (await this.#change(link, change)) return;
    }
  }

  /** Beats no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#answered.emit();
  }

  #openLink(): Link | undefined {
    const link = this.#options.link();
    return link?.isOpen ? link : undefined;
  }

  #take(error: Error | undefined, roster: Roster | undefined): void {
    this.#isBusy = false;
    this.#lastError = error;
    if (error !== undefined && isRedirection(error)) this.#options.refresh();
    if (roster !== undefined) {
      if (this.#isStopped) this.#roster = roster;
      else this.#onRoster(roster);
    }
    this.#answered.emit();
  }

  #onRoster(roster: Roster): void {
    const { clock, member, instance, onReplaced } = this.#options;
    const history = this.#openLink()?.history;
    if (history !== this.#history) this.#silence.reset();
    this.#history = history;
    this.#silence.observe(roster, clock.nowMs());
    const isNew = roster.generation !== this.#roster?.generation;
    this.#roster = roster;
    const seat = roster.seats.get(member.id);
    if (seat?.instance === instance) {
      this.#isSeated = true;
      this.#dropClaims(roster);
      if (isNew) this.#publishPlan();
      this.#correct(roster);
    } else if (this.#isSeated && seat !== undefined) {
      this.stop();
      onReplaced();
    } else this.#sit(roster, seat);
  }

  /** Takes the seat where it is free; where somebody sits there, when that one has closed or is silent. */
  #sit(roster: Roster, taken: Seat | undefined): void {
    const { member, instance, sessionMs, beatMs, clock, held } = this.#options;
    if (taken !== undefined && !taken.isAway) {
      if (this.#silence.isAlive(member.id)) this.#isDuplicate = true;
      if (this.#silence.silentForMs(member.id, clock.nowMs()) <= SILENT_BEATS * beatMs) return;
    }
    const seat = { id: member.id, instance, sessionMs, isAway: false, isDraining: false };
    this.#apply(withSeat(roster, seat, held()));
  }

  #correct(roster: Roster): void {
    const { clock, member, beatMs } = this.#options;
    const nowMs = clock.nowMs();
    const silent = this.#silence.silent(roster, nowMs).filter(({ id }) => id !== member.id);
    const isInDoubt = this.#silence.isInDoubt(roster, DOUBTFUL_BEATS * beatMs, nowMs);
    const treatment = this.#options.onSeen(roster, this.#history);
    const correction = correctionOf(roster, member.id, { silent, claims: this.#claims, isInDoubt });
    const change = correction ?? (isInDoubt ? undefined : treatment);
    if (change !== undefined) this.#apply(change);
  }

  #apply(change: RosterChange): void {
    const link = this.#openLink();
    if (link !== undefined && !this.#isBusy) void this.#change(link, change);
  }

  /** Resolves with whether it was made. */
  #change(link: Link, change: RosterChange): Promise<boolean> {
    this.#isBusy = true;
    return new Promise((resolve) => {
      sendChange(link, this.#key, this.generation, change, (error, roster, isChanged) => {
        this.#take(error, roster);
        resolve(isChanged);
      });
    });
  }

  /** Those that the roster has taken in, or that have changed hands again since. */
  #dropClaims({ assignment }: Roster): void {
    for (const [partition, from] of this.#claims) {
      if (assignment[partition] !== from) this.#claims.delete(partition);
    }
  }

  #publishPlan(): void {
    const roster = this.#roster;
    if (roster === undefined) return;
    const { topic, group, member, onPlan, onEvent } = this.#options;
    const { assignment, seats, generation } = roster;
    const own = new Set<number>(this.#claims.keys());
    const watch = new Map<number, number>();
    const heirs = heirsOf(assignment, takersOf([...seats.values()]));
    for (const [partition, owner] of assignment.entries()) {
      if (owner === member.id) own.add(partition);
      else if (heirs[partition] === member.id && !own.has(partition)) {
        watch.set(partition, seats.get(owner ?? '')?.sessionMs ?? 0);
      }
    }
    onPlan({ own, watch });
    onEvent({
      kind: 'assigned',
      topic,
      group,
      generation,
      members: seats.size,
      partitions: [...own].sort((a, b) => a - b),
    });
  }

  /** Why there is no point in waiting for the seat any more. */
  #failure(passedMs?: number): BrokerError | undefined {
    const { member, link } = this.#options;
    const cause = this.#lastError;
    if (this.#isStopped) return new BrokerError('closed', `${this.#key}: closed before it had joined`);
    if (this.#isDuplicate) {
      const text = `${this.#key}: a living member has the id '${member.id}': give each process one of its own`;
      return new BrokerError('duplicate-member', text);
    }
    if (cause !== undefined && classifyFailure(cause) === 'definite') {
      return new BrokerError('refused', `${this.#key}: ${cause.message}`, { cause });
    }
    if (passedMs === undefined) return undefined;
    const reason = cause?.message ?? link()?.lastReason ?? 'no master is named';
    return new BrokerError('connection', `${this.#key}: not joined within ${passedMs} ms: ${reason}`, { cause });
  }
}
