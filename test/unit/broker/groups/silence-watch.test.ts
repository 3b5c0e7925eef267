import { expect, it } from 'vitest';
import type { Roster, Seat } from '../../../../broker/groups/roster.js';
import { SilenceWatch } from '../../../../broker/groups/silence-watch.js';

function roster(beats: Readonly<Record<string, string>>, instance = 'i'): Roster {
  const seats = Object.entries(beats).map(([id, beat]): [string, Seat] => [
    id,
    { id, instance, beat, sessionMs: 2_000, isAway: false, isDraining: false },
  ]);
  return { generation: '1', seats: new Map(seats), assignment: [], reports: new Map(), setAside: new Map() };
}

const ids = (seats: readonly Seat[]) => seats.map(({ id }) => id);

it('a seat is silent when its beat was seen unchanged for its whole session, counted from when it was seen first', () => {
  const watch = new SilenceWatch();
  watch.observe(roster({ a: '1', b: '1' }), 0);
  watch.observe(roster({ a: '1', b: '2' }), 1_000);
  expect(ids(watch.silent(roster({ a: '1', b: '2' }), 2_000))).toEqual([]);
  expect(ids(watch.silent(roster({ a: '1', b: '2' }), 2_001))).toEqual(['a']);
  expect([watch.silentForMs('b', 2_001), watch.silentForMs('unknown', 2_001)]).toEqual([1_001, 0]);
});

it('a seat is alive when it was seen to beat, and another process on it starts anew', () => {
  const watch = new SilenceWatch();
  watch.observe(roster({ a: '1' }), 0);
  expect(watch.isAlive('a')).toBe(false);
  watch.observe(roster({ a: '2' }), 500);
  expect(watch.isAlive('a')).toBe(true);
  watch.observe(roster({ a: '3' }, 'another'), 1_000);
  expect([watch.isAlive('a'), watch.silentForMs('a', 1_000)]).toEqual([false, 0]);
});

it('what was seen on another server does not count', () => {
  const watch = new SilenceWatch();
  watch.observe(roster({ a: '1' }), 0);
  watch.reset();
  watch.observe(roster({ a: '1' }), 5_000);
  expect(ids(watch.silent(roster({ a: '1' }), 6_000))).toEqual([]);
});

it('is in doubt about a seat that has been silent for a while, and no more when its session is over', () => {
  const watch = new SilenceWatch();
  const seen = roster({ a: '1' });
  watch.observe(seen, 0);
  expect([1_000, 1_001, 2_000, 2_001].map((nowMs) => watch.isInDoubt(seen, 1_000, nowMs))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
