import { expect, it } from 'vitest';
import { Tally } from '../../../../bench/load/tally.js';

it('counts different messages, in order within each key', () => {
  const tally = new Tally(2);
  for (const sequence of [1, 0, 2, 3]) tally.add(sequence);
  expect(tally.handled).toBe(4);
});

it('grows with the numbers that it sees', () => {
  const tally = new Tally(0);
  tally.add(5_000_000);
  tally.add(3);
  expect(tally.handled).toBe(2);
  expect(() => tally.add(5_000_000)).toThrow('handled twice');
});

it('refuses a message that is handled twice', () => {
  const tally = new Tally(0);
  tally.add(7);
  expect(() => tally.add(7)).toThrow('message 7 was handled twice');
});

it('refuses a message that was overtaken by a later one of its key', () => {
  const tally = new Tally(3);
  tally.add(4);
  expect(() => tally.add(1)).toThrow('message 1 was handled after 4 of the same key');
});
