import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rebalance } from '../../../../broker/groups/assignment.js';
import { loadsOf, spreadByLoad } from '../../../../broker/groups/load-spread.js';
import { movesBetween } from '../../../fixtures/assignment-moves.js';

const SLACK = 0.15;

/** Any assignment to members that are there, with weights that differ by orders of magnitude. */
const group = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 32 })).chain(([size, partitions]) => {
  const members = Array.from({ length: size }, (_, i) => `m${i}`);
  const weight = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e4, noNaN: true }), fc.integer({ min: 1, max: 9 }));
  return fc.record({
    members: fc.constant(members),
    assignment: fc.array(fc.constantFrom(...members), { minLength: partitions, maxLength: partitions }),
    weights: fc.array(weight, { minLength: partitions, maxLength: partitions }),
  });
});

describe('a spread assignment', () => {
  it('has one owner for each partition, and no member has more than the heaviest had', () => {
    fc.assert(
      fc.property(group, ({ assignment, members, weights }) => {
        const next = spreadByLoad(assignment, members, weights, SLACK);
        expect(next.every((owner) => members.includes(owner!))).toBe(true);
        const heaviest = (of: typeof assignment) => Math.max(...loadsOf(of, members, weights).values());
        expect(heaviest([...next] as string[])).toBeLessThanOrEqual(heaviest(assignment));
      }),
    );
  });

  it('stays as it is when it is spread again, and is the same for everybody', () => {
    fc.assert(
      fc.property(group, ({ assignment, members, weights }) => {
        const next = spreadByLoad(assignment, members, weights, SLACK);
        expect(spreadByLoad(next, members, weights, SLACK)).toEqual(next);
        expect(spreadByLoad(assignment, members.toReversed(), weights, SLACK)).toEqual(next);
      }),
    );
  });

  it('has nobody above the bound whom moving any one partition would relieve, but who keeps one that is above it', () => {
    fc.assert(
      fc.property(group, ({ assignment, members, weights }) => {
        const next = spreadByLoad(assignment, members, weights, SLACK);
        const loads = loadsOf(next, members, weights);
        const mean = [...loads.values()].reduce((sum, load) => sum + load, 0) / members.length;
        const lightest = Math.min(...loads.values());
        for (const [member, load] of loads) {
          const own = weights.filter((_, partition) => next[partition] === member);
          const heaviest = Math.max(...own);
          if (load <= (1 + SLACK) * mean) continue;
          if (heaviest > (1 + SLACK) * mean && load <= (1 + SLACK) * heaviest) continue;
          for (const weight of own) {
            const relief = load - Math.max(load - weight, lightest + weight);
            expect(relief <= 0 || relief < (SLACK * mean) / 2).toBe(true);
          }
        }
      }),
    );
  });

  it('moves nothing of members within the bound, but what they give in exchange', () => {
    fc.assert(
      fc.property(group, ({ assignment, members, weights }) => {
        const loads = loadsOf(assignment, members, weights);
        const mean = [...loads.values()].reduce((sum, load) => sum + load, 0) / members.length;
        const above = members.filter((member) => loads.get(member)! > (1 + SLACK) * mean);
        const next = spreadByLoad(assignment, members, weights, SLACK);
        const ofAbove = assignment.filter((owner) => above.includes(owner)).length;
        expect(movesBetween(assignment, next)).toBeLessThanOrEqual(2 * ofAbove);
        if (above.length === 0) expect(next).toEqual(assignment);
      }),
    );
  });

  it('leaves a partition that is heavier than the bound with its member, and takes the rest from it', () => {
    const next = spreadByLoad([...'aaaabbbb'], ['a', 'b'], [90, 10, 10, 10, 10, 10, 10, 10], SLACK);
    expect(next).toEqual([...'abbbbbbb']);
    expect(spreadByLoad([...'ab'], ['a', 'b'], [90, 10], SLACK)).toEqual([...'ab']);
  });

  it('exchanges two where no single move helps', () => {
    expect(spreadByLoad([...'aabb'], ['a', 'b'], [4, 4, 3, 1], SLACK).toSorted()).toEqual([...'aabb']);
    const loads = loadsOf(spreadByLoad([...'aabb'], ['a', 'b'], [4, 4, 3, 1], SLACK), ['a', 'b'], [4, 4, 3, 1]);
    expect([...loads.values()].toSorted()).toEqual([5, 7]);
  });

  it('leaves alone what is even, and what has partitions of nobody', () => {
    const even = rebalance(
      Array.from({ length: 16 }, () => undefined),
      ['a', 'b', 'c', 'd'],
    );
    const weights = even.map(() => 5);
    expect(spreadByLoad(even, ['a', 'b', 'c', 'd'], weights, SLACK)).toEqual(even);
    expect(spreadByLoad(['a', undefined], ['a', 'b'], [1, 9], SLACK)).toEqual(['a', undefined]);
  });
});
