import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Delivery } from './delivery.js';
import { DrainPause } from './health/drain-pause.js';
import { GroupWatch } from './health/group-watch.js';
import { HandlerMeter } from './health/handler-meter.js';
import type { ResolvedHealthOptions } from './health/health-options.js';
import { LeaseCheck, type LeaseStanding } from './health/lease-check.js';
import type { GroupHealth, MemberHealth } from './health/member-health.js';
import { type MemberVitals, toldOf } from './health/member-vitals.js';
import { type FailedDelivery, PoisonLog } from './health/poison-log.js';
import { SelfCheck } from './health/self-check.js';
import { actionFor, treatmentOf } from './health/treatment.js';
import { type Roster, type RosterChange, withDraining } from './roster.js';

export interface HealthMonitorOptions {
  readonly topic: string;
  readonly group: string;
  readonly member: string;
  readonly beatMs: number;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  readonly options: ResolvedHealthOptions;
  /** Whose handlers run now. */
  running(): readonly Delivery[];
  /** How it stands with the partitions that are to be its own. */
  leases(): LeaseStanding;
}

/**
 * Sees who of a group is sick, and what is to be done about it. Each member measures itself, and tells the others with its
 * beats; each compares all. Nothing here decides who owns a partition: a drained member hands its own over, and a silent
 * one loses them when its leases lapse.
 */
export class ConsumerHealthMonitor {
  /** Counts what handlers take. */
  readonly meter: HandlerMeter;
  readonly #options: HealthMonitorOptions;
  readonly #self: SelfCheck;
  readonly #leases = new LeaseCheck();
  readonly #poison = new PoisonLog();
  readonly #watch: GroupWatch;
  readonly #pause: DrainPause;
  /** Members for which a replacement was asked, until they are well again. */
  readonly #replaced = new Set<string>();

  constructor(monitor: HealthMonitorOptions) {
    const { clock, beatMs, options } = monitor;
    this.#options = monitor;
    this.meter = new HandlerMeter(clock.nowMs());
    this.#self = new SelfCheck({ clock, ...options });
    this.#watch = new GroupWatch({ beatMs, ...options });
    this.#pause = new DrainPause(options.drainMs);
  }

  start(): void {
    this.#self.start();
  }

  stop(): void {
    this.#self.stop();
  }

  /** What the other members are told with the next beat. */
  report(): Partial<MemberVitals> {
    const { clock, beatMs, running, leases } = this.#options;
    const handlers = running();
    const looked = this.#self.look(handlers);
    const standing = leases();
    return toldOf({
      ...this.meter.read(clock.nowMs()),
      ...looked,
      held: standing.held,
      findings: [...looked.findings, ...this.#leases.look(standing)],
      beatMs,
      inFlight: handlers.length,
      poison: this.#poison.recent(clock.nowMs()),
    });
  }

  /** A handling has failed, and is recorded with the message. */
  onFailed(delivery: FailedDelivery): void {
    const { topic, group, clock, onEvent } = this.#options;
    const loop = this.#poison.failed(delivery, clock.nowMs());
    if (loop !== undefined) onEvent({ kind: 'poison-loop', topic, group, ...loop });
  }

  /** Takes in what a reply showed of the group; returns what is to be changed about who drains. */
  observe(roster: Roster, history: string | undefined): RosterChange | undefined {
    const { topic, group, member, clock, onEvent, options } = this.#options;
    const nowMs = clock.nowMs();
    for (const health of this.#watch.observe(roster, history, nowMs)) {
      onEvent({ kind: 'member-health', topic, group, ...gistOf(health) });
    }
    // What it measured before says nothing about what comes: it is tried anew.
    if (this.#pause.observe(roster.seats.get(member)?.isDraining ?? false, nowMs)) {
      this.meter.forget();
      this.#leases.forget();
    }
    this.#leases.see(this.#isUnleasedAlone(roster));
    this.#wantReplacements(roster);
    const treatment = treatmentOf({
      roster,
      member,
      policy: options.policy,
      isDrainOver: this.#pause.isOver(nowMs),
      healthOf: (id) => this.#watch.healthOf(id),
      reportsWith: (id, kind) => this.#watch.reportsWith(id, kind),
    });
    return treatment === undefined ? undefined : withDraining(roster, treatment.seat, treatment.isDraining);
  }

  health(): GroupHealth {
    return this.#watch.health(this.#options.clock.nowMs());
  }

  #isUnleasedAlone({ seats }: Roster): boolean {
    const { member, leases } = this.#options;
    const standing = leases();
    return [...seats.values()].some(({ id, isAway }) => {
      const other = id === member || isAway ? undefined : this.#watch.healthOf(id);
      // What one that is silent held it may hold no more.
      if (other === undefined || other.state === 'suspect') return false;
      return other.vitals?.held.some((partition) => standing.isUnleasedBeside(partition)) ?? false;
    });
  }

  /** Asks once for each sick member, whoever it is: who starts processes may listen to any of them. */
  #wantReplacements({ seats }: Roster): void {
    const { topic, group, onEvent, options } = this.#options;
    const isWanted = (id: string) => actionFor(this.#watch.healthOf(id), options.policy) === 'replace';
    for (const id of this.#replaced) if (!isWanted(id)) this.#replaced.delete(id);
    for (const id of seats.keys()) {
      if (this.#replaced.has(id) || !isWanted(id)) continue;
      this.#replaced.add(id);
      onEvent({ kind: 'replace-wanted', topic, group, member: id, findings: this.#watch.healthOf(id)?.findings ?? [] });
    }
  }
}

function gistOf({ member, state, findings, isDraining }: MemberHealth) {
  return { member, state, findings, isDraining };
}
