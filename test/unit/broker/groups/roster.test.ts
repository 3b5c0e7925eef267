import { describe, expect, it } from 'vitest';
import {
  correctionOf,
  type Roster,
  type Seat,
  takersOf,
  withDraining,
  withoutSeat,
  withSeat,
  withSeatAway,
} from '../../../../broker/groups/roster.js';

function seat(id: string, beat = '1'): Seat {
  return { id, instance: `i-${id}`, beat, sessionMs: 2_000, isAway: false, isDraining: false };
}

function rosterOf(ids: readonly string[], assignment: Roster['assignment']): Roster {
  const seats = new Map(ids.map((id) => [id, seat(id)]));
  return { generation: '7', seats, assignment, reports: new Map(), setAside: new Map() };
}

function taken({ beat: _, ...rest }: Seat): Omit<Seat, 'beat'> {
  return rest;
}

const nothing = { silent: [], claims: new Map<number, string>(), isInDoubt: false };

describe('a member that comes', () => {
  it('gets its share of the partitions', () => {
    const change = withSeat(rosterOf(['a'], ['a', 'a', 'a', 'a']), taken(seat('b')), []);
    expect(change.seats).toEqual([{ kind: 'seat', seat: taken(seat('b')), replaces: undefined }]);
    expect(change.assignment.filter((owner) => owner === 'b')).toHaveLength(2);
  });

  it('keeps what it holds where the roster was lost', () => {
    const empty = rosterOf([], [undefined, undefined, undefined, undefined]);
    const first = withSeat(empty, taken(seat('a')), [0, 2]).assignment;
    expect(first).toEqual(['a', 'a', 'a', 'a']);
    expect(withSeat(rosterOf(['a'], first), taken(seat('b')), [1, 3]).assignment).toEqual(['a', 'b', 'a', 'b']);
  });

  it('finds its partitions again where it had a seat, and says what it saw there', () => {
    const roster = rosterOf(['a', 'b'], ['a', 'b', 'a', 'b']);
    const change = withSeat(roster, { ...taken(seat('b')), instance: 'again' }, []);
    expect(change.assignment).toEqual(roster.assignment);
    expect(change.seats[0]).toMatchObject({ replaces: '1' });
  });
});

describe('a member that goes', () => {
  it('leaves its partitions to the others', () => {
    const change = withoutSeat(rosterOf(['a', 'b'], ['a', 'b']), seat('b', '9'));
    expect(change).toEqual({ seats: [{ kind: 'free', id: 'b', beat: '9' }], assignment: ['a', 'a'] });
  });

  it('leaves nobody anything where it was the last', () => {
    expect(withoutSeat(rosterOf(['a'], ['a']), seat('a')).assignment).toEqual([undefined]);
  });

  it('and is expected back, keeps them', () => {
    const change = withSeatAway(rosterOf(['a', 'b'], ['a', 'b']), seat('b', '9'));
    expect(change.assignment).toEqual(['a', 'b']);
    expect(change.seats).toEqual([{ kind: 'seat', seat: { ...taken(seat('b')), isAway: true }, replaces: '9' }]);
  });
});

describe('a member that drains', () => {
  const roster = rosterOf(['a', 'b', 'c'], ['a', 'a', 'b', 'b', 'c', 'c']);
  const draining = { ...seat('b', '9'), isDraining: true };
  const drained: Roster = { ...roster, seats: new Map([...roster.seats, ['b', draining]]) };

  it('hands everything over, keeps its seat, and says what was seen there', () => {
    const change = withDraining(roster, seat('b', '9'), true);
    expect(change.seats).toEqual([{ kind: 'seat', seat: taken(draining), replaces: '9' }]);
    expect(change.assignment.filter((owner) => owner === 'a')).toHaveLength(3);
    expect(change.assignment).not.toContain('b');
  });

  it('is given its share again when it drains no more', () => {
    const { assignment } = withDraining(roster, seat('b'), true);
    const change = withDraining({ ...drained, assignment }, draining, false);
    expect(change.assignment.filter((owner) => owner === 'b')).toHaveLength(2);
    expect(change.seats[0]).toMatchObject({ seat: { isDraining: false } });
  });

  it('is given nothing by whoever comes, goes, or corrects', () => {
    const comes = withSeat(drained, taken(seat('d')), []).assignment;
    const goes = withoutSeat(drained, seat('c')).assignment;
    const corrected = correctionOf(drained, 'a', { ...nothing, silent: [seat('c')] })?.assignment;
    expect([comes, goes, corrected].map((owners) => owners?.includes('b'))).toEqual([false, false, false]);
    expect(correctionOf({ ...drained, assignment: goes }, 'a', nothing)?.assignment).not.toContain('b');
  });

  it('is not drained any more where another process takes its seat', () => {
    expect(withSeat(drained, taken({ ...seat('b'), instance: 'again' }), []).assignment).toEqual(roster.assignment);
  });

  it('has the partitions where everybody drains: they are nobody’s never', () => {
    expect(takersOf([draining])).toEqual(['b']);
    expect(takersOf([draining, seat('a')])).toEqual(['a']);
  });
});

describe('a correction', () => {
  it('is none where everything is as it should be', () => {
    expect(correctionOf(rosterOf(['a', 'b'], ['a', 'b']), 'a', nothing)).toBeUndefined();
  });

  it('removes whoever is silent, and gives the partitions to the others', () => {
    const change = correctionOf(rosterOf(['a', 'b'], ['a', 'b']), 'a', { ...nothing, silent: [seat('b', '4')] });
    expect(change).toEqual({ seats: [{ kind: 'free', id: 'b', beat: '4' }], assignment: ['a', 'a'] });
  });

  it('gives out what is nobody’s, and what is of somebody who is not there', () => {
    expect(correctionOf(rosterOf(['a'], [undefined, 'gone']), 'a', nothing)?.assignment).toEqual(['a', 'a']);
  });

  it('says who has taken a partition over, as long as the roster names the one it was taken from', () => {
    const roster = rosterOf(['a', 'b'], ['a', 'a', 'b', 'b']);
    const claims = (from: string) => ({ ...nothing, claims: new Map([[0, from]]) });
    expect(correctionOf(roster, 'b', claims('c'))).toBeUndefined();
    // Whoever lost one has room again: as many as before.
    const change = correctionOf(roster, 'b', claims('a'));
    expect(change?.assignment.filter((owner) => owner === 'b')).toHaveLength(2);
  });

  it('gives nothing to anybody for the sake of balance while somebody is in doubt', () => {
    const roster = rosterOf(['a', 'b'], ['a', 'a', 'b', 'b']);
    const doubt = { ...nothing, isInDoubt: true };
    expect(correctionOf(roster, 'b', { ...doubt, claims: new Map([[0, 'a']]) })?.assignment).toEqual([
      'b',
      'a',
      'b',
      'b',
    ]);
    const uneven = rosterOf(['a', 'b'], ['b', 'b', 'b', undefined]);
    expect(correctionOf(uneven, 'b', doubt)?.assignment).toEqual(['b', 'b', 'b', 'a']);
    expect(correctionOf(rosterOf(['a', 'b'], ['b', 'b', 'b', 'b']), 'b', doubt)).toBeUndefined();
  });
});
