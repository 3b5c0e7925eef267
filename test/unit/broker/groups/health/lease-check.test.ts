import { describe, expect, it } from 'vitest';
import { LeaseCheck } from '../../../../../broker/groups/health/lease-check.js';

describe('the leases of a member', () => {
  it('are a finding when they cannot be held twice in a row, until one is held', () => {
    const check = new LeaseCheck();
    const look = (held: number, unleased: number) => check.look({ held, unleased }).map(({ kind }) => kind);
    expect([look(4, 1), look(4, 0), look(4, 1)]).toEqual([[], [], []]);
    expect(check.look({ held: 3, unleased: 2 })).toEqual([{ kind: 'unleased', partitions: 2 }]);
    expect(check.look({ held: 4, unleased: 1 })).toEqual([{ kind: 'unleased', partitions: 2 }]);
    // It has lost them: nothing shows.
    expect([look(0, 0), look(0, 0)]).toEqual([['unleased'], ['unleased']]);
    expect([look(1, 0), look(0, 0)]).toEqual([[], []]);
  });

  it('are looked at anew where it is tried again', () => {
    const check = new LeaseCheck();
    for (let i = 0; i < 3; i++) check.look({ held: 0, unleased: 1 });
    check.forget();
    expect(check.look({ held: 0, unleased: 1 })).toEqual([]);
  });

  it('are none where it waits for what others hand over', () => {
    const check = new LeaseCheck();
    for (let i = 0; i < 9; i++) expect(check.look({ held: 0, unleased: 0 })).toEqual([]);
  });
});
