import { type Assignment, filled, rebalance, sharesOf } from './assignment.js';
import type { SetAside } from './set-aside.js';

/** A member's seat in the group. */
export interface Seat {
  /** Of the member: its given name, or random. */
  readonly id: string;
  /** Random for each subscription: the owner that leases name. */
  readonly instance: string;
  /** Grows with each beat. */
  readonly beat: string;
  /** Silence after which the others may take the seat away, ms. */
  readonly sessionMs: number;
  /** It closed, and is expected back within its session. */
  readonly isAway: boolean;
  /** It is sick: it hands its partitions over, and is given none. */
  readonly isDraining: boolean;
}

/** What a member says of itself with each beat: whatever its parts put in, by name. */
export type MemberReport = Readonly<Record<string, unknown>>;

/** A consumer group as it is stored: who is in it, and who is to own what. Leases alone say who does. */
export interface Roster {
  /** Of the last change; '0' where there was none. */
  readonly generation: string;
  readonly seats: ReadonlyMap<string, Seat>;
  readonly assignment: Assignment;
  /** By member: its last report. */
  readonly reports: ReadonlyMap<string, MemberReport>;
  /** Causes whose messages are set aside at their first failure. */
  readonly setAside: SetAside;
}

export type SeatChange =
  /** `replaces`: the beat that was seen on the seat. */
  | { readonly kind: 'seat'; readonly seat: Omit<Seat, 'beat'>; readonly replaces: string | undefined }
  | { readonly kind: 'free'; readonly id: string; readonly beat: string };

export interface RosterChange {
  readonly seats: readonly SeatChange[];
  readonly assignment: Assignment;
}

/** What a member knows that the roster does not say. */
export interface Findings {
  /** Seats whose beats have stopped. */
  readonly silent: readonly Seat[];
  /** Partitions that this member took over, and from whom. */
  readonly claims: ReadonlyMap<number, string | undefined>;
  /** Some seat has been silent for a while: whose it is may be gone. */
  readonly isInDoubt: boolean;
}

/**
 * With this seat taken. What the member holds stays with it whatever the roster says: where that was lost, every member
 * comes back with its own, and nothing moves.
 */
export function withSeat(roster: Roster, seat: Omit<Seat, 'beat'>, held: readonly number[]): RosterChange {
  const { seats } = roster;
  const assignment = roster.assignment.map((member, partition) => (held.includes(partition) ? seat.id : member));
  const replaces = seats.get(seat.id)?.beat;
  return {
    seats: [{ kind: 'seat', seat, replaces }],
    assignment: rebalance(assignment, takersOf([...new Map([...seats, [seat.id, seat]]).values()])),
  };
}

/** Without this seat, and with those of others as they are. */
export function withoutSeat(roster: Roster, seat: Seat): RosterChange {
  const others = takersOf([...roster.seats.values()].filter(({ id }) => id !== seat.id));
  return {
    seats: [{ kind: 'free', id: seat.id, beat: seat.beat }],
    assignment: rebalance(roster.assignment, others),
  };
}

/** The member closes, and keeps its seat and its partitions until its session is over. */
export function withSeatAway({ assignment }: Roster, { beat, ...seat }: Seat): RosterChange {
  return { seats: [{ kind: 'seat', seat: { ...seat, isAway: true }, replaces: beat }], assignment };
}

/** The seat is drained from now on, or no more. */
export function withDraining(roster: Roster, { beat, ...seat }: Seat, isDraining: boolean): RosterChange {
  const seats = new Map([...roster.seats, [seat.id, { ...seat, beat, isDraining }]]);
  return {
    seats: [{ kind: 'seat', seat: { ...seat, isDraining }, replaces: beat }],
    assignment: rebalance(roster.assignment, takersOf([...seats.values()])),
  };
}

/** Who is given partitions: nobody who drains, unless everybody does. */
export function takersOf(seats: readonly Omit<Seat, 'beat'>[]): string[] {
  const takers = seats.filter(({ isDraining }) => !isDraining);
  return (takers.length > 0 ? takers : seats).map(({ id }) => id);
}

/**
 * What `member` should change in the roster; undefined where it is as it should be. While somebody is in doubt nothing is
 * moved for the sake of balance: whoever has just lost its leases would be given partitions that it cannot take.
 */
export function correctionOf(roster: Roster, member: string, findings: Findings): RosterChange | undefined {
  const { silent, claims, isInDoubt } = findings;
  const gone = new Set(silent.map(({ id }) => id));
  const ids = takersOf([...roster.seats.values()].filter(({ id }) => !gone.has(id)));
  const claimed = roster.assignment.map((owner, partition) =>
    claims.has(partition) && claims.get(partition) === owner ? member : owner,
  );
  // Whoever lost one to a claim has room again: its share is what the roster gave it.
  const shares = sharesOf(roster.assignment, ids);
  const assignment = isInDoubt ? filled(claimed, ids) : rebalance(claimed, ids, shares);
  const isSame = assignment.every((owner, partition) => owner === roster.assignment[partition]);
  if (isSame && silent.length === 0) return undefined;
  return { seats: silent.map(({ id, beat }) => ({ kind: 'free', id, beat })), assignment };
}
