import { describe, expect, it } from 'vitest';
import { LeaseCheck } from '../../../../../broker/groups/health/lease-check.js';

const some = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('the leases of a member', () => {
  it('are a finding when they cannot be held twice in a row, until one is held', () => {
    const check = new LeaseCheck();
    const look = (held: number, unleased: number) => check.look({ held: some(held), unleased }).map(({ kind }) => kind);
    expect([look(4, 1), look(4, 0), look(4, 1)]).toEqual([[], [], []]);
    expect(check.look({ held: some(3), unleased: 2 })).toEqual([{ kind: 'unleased', partitions: 2, isAlone: false }]);
    expect(check.look({ held: some(4), unleased: 1 })).toEqual([{ kind: 'unleased', partitions: 2, isAlone: false }]);
    // It has lost them: nothing shows.
    expect([look(0, 0), look(0, 0)]).toEqual([['unleased'], ['unleased']]);
    expect([look(1, 0), look(0, 0)]).toEqual([[], []]);
  });

  it('are looked at anew where it is tried again', () => {
    const check = new LeaseCheck();
    for (let i = 0; i < 3; i++) check.look({ held: [], unleased: 1 });
    check.forget();
    expect(check.look({ held: [], unleased: 1 })).toEqual([]);
  });

  it('are none where it waits for what others hand over', () => {
    const check = new LeaseCheck();
    for (let i = 0; i < 9; i++) expect(check.look({ held: [], unleased: 0 })).toEqual([]);
  });

  it('are its own sickness where others have held some on the same master for four replies', () => {
    const check = new LeaseCheck();
    const isAlone = () =>
      check.look({ held: [], unleased: 1 }).map((finding) => 'isAlone' in finding && finding.isAlone);
    isAlone();
    for (let i = 0; i < 3; i++) check.see(true);
    expect(isAlone()).toEqual([false]);
    check.see(true);
    expect(isAlone()).toEqual([true]);
    check.see(false);
    expect(isAlone()).toEqual([false]);
  });
});
