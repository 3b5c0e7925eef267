import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadReport, parseLoad, partitionLoads, weightOf } from '../../../../broker/groups/member-load.js';

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
