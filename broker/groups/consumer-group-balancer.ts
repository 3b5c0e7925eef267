import type { Assignment } from './assignment.js';
import type { Balancing } from './balancing.js';
import { loadsOf, spreadByLoad, type Weights } from './load-spread.js';
import { partitionLoads, weightOf } from './member-load.js';
import { type Roster, type RosterChange, takersOf } from './roster.js';

/** Below so many messages a second in the whole group there is no load to spread. */
const LEAST_PER_SEC = 1;

/**
 * Has the assignment follow the load: one member at a time, the first of the roster, proposes one that spreads better, when
 * that gains enough, has been so for long enough, and the last change of the roster is long enough ago
 * for the figures to be of this assignment. All members watch, so that whoever is the first next waits as well.
 */
export class ConsumerGroupBalancer {
  readonly #member: string;
  readonly #balancing: Balancing;
  #generation: string | undefined;
  #changedAtMs = 0;
  /** Since when the load is uneven. */
  #unevenSinceMs: number | undefined;

  constructor(member: string, balancing: Balancing) {
    this.#member = member;
    this.#balancing = balancing;
  }

  /** Takes in what a reply showed; returns what is to be changed for the load. */
  propose(roster: Roster, nowMs: number): RosterChange | undefined {
    const { holdMs, coolDownMs } = this.#balancing;
    if (roster.generation !== this.#generation) {
      this.#generation = roster.generation;
      this.#changedAtMs = nowMs;
      this.#unevenSinceMs = undefined;
    }
    const better = isFirst(roster, this.#member) ? this.#better(roster) : undefined;
    if (better === undefined) {
      this.#unevenSinceMs = undefined;
      return undefined;
    }
    this.#unevenSinceMs ??= nowMs;
    const isDue = nowMs - this.#unevenSinceMs >= holdMs && nowMs - this.#changedAtMs >= coolDownMs;
    return isDue ? { seats: [], assignment: better } : undefined;
  }

  #better({ assignment, seats, reports }: Roster): Assignment | undefined {
    const { drainMs, slack, threshold } = this.#balancing;
    const weights: number[] = [];
    for (const load of partitionLoads({ assignment, reports })) {
      // A partition of which nothing is known yet has just changed hands.
      if (load === undefined) return undefined;
      weights.push(weightOf(load, drainMs));
    }
    const members = takersOf([...seats.values()]);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total < LEAST_PER_SEC) return undefined;
    const next = spreadByLoad(assignment, members, weights, slack);
    return gainOf(assignment, next, members, weights) >= (threshold * total) / members.length ? next : undefined;
  }
}

/**
 * By how much the busiest gets less busy, or the second busiest, and so on: the largest difference. Whom a partition is
 * only passed on to is as busy as the one before was: to pass it to and fro gains nothing.
 */
function gainOf(before: Assignment, after: Assignment, members: readonly string[], weights: Weights): number {
  const [was, is] = [before, after].map((assignment) => {
    return [...loadsOf(assignment, members, weights).values()].sort((a, b) => b - a);
  });
  return Math.max(...was!.map((load, rank) => load - is![rank]!));
}

/** While a member is away its figures are old, and its partitions wait for it: nothing is changed. */
function isFirst({ seats }: Roster, member: string): boolean {
  const all = [...seats.values()];
  return all.every(({ isAway }) => !isAway) && all.every(({ id }) => member <= id);
}
