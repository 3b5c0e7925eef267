import type { Roster } from '../roster.js';
import type { HealthFinding, PoisonLoop } from './finding.js';
import type { GroupHealth, MemberHealth } from './member-health.js';
import type { MemberVitals } from './member-vitals.js';
import { MemberWatch, type MemberWatchOptions } from './member-watch.js';
import { compareWithPeers } from './peer-comparison.js';

export interface GroupWatchOptions extends MemberWatchOptions {
  readonly slowFactor: number;
}

/** Replies that are further apart than so many beats: it was this process, or Redis, that was not there. */
const LOOKING_BEATS = 2;

/** The health of every member as one of them sees it. Silence is measured between replies that came in time. */
export class GroupWatch {
  readonly #options: GroupWatchOptions;
  #watches = new Map<string, MemberWatch>();
  #history: string | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GroupWatchOptions) {
    this.#options = options;
  }

  /** Takes in what a reply showed; returns the members whose findings or draining are not what they were. */
  observe(roster: Roster, history: string | undefined, nowMs: number): MemberHealth[] {
    const { beatMs, slowFactor } = this.#options;
    const wasLooking = history === this.#history && nowMs - this.#lookedAtMs <= LOOKING_BEATS * beatMs;
    this.#history = history;
    this.#lookedAtMs = nowMs;
    const before = this.#watches;
    this.#watches = new Map();
    const told = new Map<string, string>();
    for (const seat of roster.seats.values()) {
      if (seat.isAway) continue;
      const known = before.get(seat.id);
      const watch = known?.instance === seat.instance ? known : new MemberWatch(seat, this.#options);
      told.set(seat.id, gistOf(watch.health));
      watch.see(seat, roster.reports.get(seat.id) ?? {}, nowMs, wasLooking);
      this.#watches.set(seat.id, watch);
    }
    const verdicts = compareWithPeers(this.#vitals(), slowFactor);
    const changed: MemberHealth[] = [];
    for (const [id, watch] of this.#watches) {
      watch.judge(verdicts.get(id), nowMs);
      if (gistOf(watch.health) !== told.get(id)) changed.push(watch.health);
    }
    return changed;
  }

  healthOf(member: string): MemberHealth | undefined {
    return this.#watches.get(member)?.health;
  }

  /** For how many reports it has been found; 0 where it is not. */
  reportsWith(member: string, kind: HealthFinding['kind']): number {
    return this.#watches.get(member)?.reportsWith(kind) ?? 0;
  }

  health(nowMs: number): GroupHealth {
    const members = [...this.#watches.values()].map(({ health }) => health);
    const poison = new Map<string, PoisonLoop>();
    for (const { vitals } of members) {
      for (const loop of vitals?.poison ?? []) {
        if (loop.attempts > (poison.get(loop.id)?.attempts ?? 0)) poison.set(loop.id, loop);
      }
    }
    return { members, poison: [...poison.values()], ageMs: nowMs - this.#lookedAtMs };
  }

  #vitals(): Map<string, MemberVitals> {
    const vitals = new Map<string, MemberVitals>();
    for (const [id, watch] of this.#watches) if (watch.vitals !== undefined) vitals.set(id, watch.vitals);
    return vitals;
  }
}

/** What a change is a change of: evidence changes all the time. */
function gistOf({ findings, isDraining }: MemberHealth): string {
  return [isDraining, ...findings.map(({ kind }) => kind)].join();
}
