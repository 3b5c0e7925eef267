import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupLoad, loadReport, parseLoad, partitionLoads, weightOf } from '../../../../broker/groups/member-load.js';

const amount = fc.integer({ min: 0, max: 1_000_000 }).map((thousandths) => thousandths / 1_000);

describe('what a member reports of its load', () => {
  it('is read as it was written', () => {
    const load = fc.record({
      serviceMs: fc.option(amount, { nil: undefined }),
      concurrency: fc.integer({ min: 1, max: 512 }),
      partitions: fc
        .array(fc.tuple(fc.nat(64), fc.record({ ratePerSec: amount, lag: amount })))
        .map((rows) => new Map(rows)),
    });
    fc.assert(
      fc.property(load, (written) => {
        expect(parseLoad(JSON.parse(JSON.stringify(loadReport(written))))).toEqual(written);
      }),
    );
  });

  it.each([
    ['nothing', {}],
    ['null', { load: null }],
    ['text', { load: 'heavy' }],
    ['no partitions', { load: { concurrency: 1 } }],
    ['a negative rate', { load: { concurrency: 1, partitions: [[0, -1, 0]] } }],
    ['a row that is too short', { load: { concurrency: 1, partitions: [[0, 1]] } }],
    ['no number of handlers', { load: { concurrency: 'many', partitions: [] } }],
    ['a service time that is none', { load: { concurrency: 1, partitions: [], serviceMs: 'long' } }],
  ])('says nothing where it is %s', (_, report) => {
    expect(parseLoad(report)).toBeUndefined();
  });

  it('counts for the partitions that are its own by the roster', () => {
    const says = (partition: number, ratePerSec: number) =>
      loadReport({ serviceMs: 1, concurrency: 1, partitions: new Map([[partition, { ratePerSec, lag: 2 }]]) });
    const reports = new Map([
      ['a', says(0, 5)],
      ['b', says(0, 7)],
    ]);
    expect(partitionLoads({ assignment: ['b', 'a', undefined], reports })).toEqual([
      { ratePerSec: 7, lag: 2 },
      undefined,
      undefined,
    ]);
  });

  it('weighs its rate, and its lag over the time in which that is to be gone', () => {
    expect(weightOf({ ratePerSec: 10, lag: 500 }, 10_000)).toBe(60);
  });
});

describe('the load of a group', () => {
  const seat = (id: string, isAway = false) =>
    [id, { id, instance: id, beat: '1', sessionMs: 1, isAway, isDraining: false }] as const;
  const says = (serviceMs: number | undefined, ratePerSec: number, partition: number) =>
    loadReport({ serviceMs, concurrency: 8, partitions: new Map([[partition, { ratePerSec, lag: 3 }]]) });

  it('is the sum of what members report; busy ones say more of how long a handler takes', () => {
    const reports = new Map([
      ['a', says(10, 90, 0)],
      ['b', says(100, 10, 1)],
    ]);
    const roster = { seats: new Map([seat('a'), seat('b')]), assignment: ['a', 'b'], reports };
    const load = groupLoad(roster);
    expect(load).toMatchObject({ members: 2, ratePerSec: 100, backlog: 6, concurrency: 8, isWhole: true });
    expect(load.serviceMs).toBeCloseTo(19);
    expect(groupLoad({ ...roster, assignment: ['a', 'a'] }).isWhole).toBe(false);
  });

  it('says what is not known: of nobody, of members that are away, of handlers that never returned', () => {
    const empty = { seats: new Map([seat('a', true)]), assignment: ['a'], reports: new Map() };
    expect(groupLoad(empty)).toMatchObject({
      members: 0,
      serviceMs: undefined,
      concurrency: undefined,
      isWhole: false,
    });
    const idle = { seats: new Map([seat('a')]), assignment: ['a'], reports: new Map([['a', says(undefined, 0, 0)]]) };
    expect(groupLoad(idle)).toMatchObject({ serviceMs: undefined, concurrency: 8, isWhole: true });
  });
});
