import { describe, expect, it } from 'vitest';
import {
  correctionOf,
  type Roster,
  type Seat,
  withoutSeat,
  withSeat,
  withSeatAway,
} from '../../../../broker/groups/roster.js';

function seat(id: string, beat = '1'): Seat {
  return { id, instance: `i-${id}`, beat, sessionMs: 2_000, isAway: false };
}

function rosterOf(ids: readonly string[], assignment: Roster['assignment']): Roster {
  return { generation: '7', seats: new Map(ids.map((id) => [id, seat(id)])), assignment, reports: new Map() };
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
