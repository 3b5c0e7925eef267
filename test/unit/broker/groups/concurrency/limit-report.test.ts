import { describe, expect, it } from 'vitest';
import { LimitReport } from '../../../../../broker/groups/concurrency/limit-report.js';

describe('the report of a limit', () => {
  it('tells of changes by a quarter or more since it told last, and of no others', () => {
    const limit = { lasting: 16 };
    const told: [number, number][] = [];
    const report = new LimitReport(limit, (from, to) => told.push([from, to]));
    for (const lasting of [16, 18, 19, 20, 20, 16, 15, 1, 1]) {
      limit.lasting = lasting;
      report.look();
    }
    expect(told).toEqual([
      [16, 20],
      [20, 15],
      [15, 1],
    ]);
  });
});
