import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, heirsOf, rebalance, sharesOf } from '../../../../broker/groups/assignment.js';
import { movesBetween } from '../../../fixtures/assignment-moves.js';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });
/** Any assignment that may be stored: balanced or not, with partitions of nobody, and of members that are gone. */
const stored = fc.tuple(names, names).chain(([members, gone]) => {
  const owner = fc.constantFrom(undefined, ...members, ...gone);
  return fc.record({ members: fc.constant(members), previous: fc.array(owner, { minLength: 1, maxLength: 64 }) });
});

function loadsOf(assignment: Assignment, members: readonly string[]): number[] {
  return members.map((member) => assignment.filter((owner) => owner === member).length);
}

/** Partitions of members that are gone, and an even share for each member that has nothing left after those. */
function fewestMoves(previous: Assignment, members: readonly string[]): number {
  const orphans = previous.filter((owner) => owner !== undefined && !members.includes(owner)).length;
  const free = orphans + previous.filter((owner) => owner === undefined).length;
  const least = Math.floor(previous.length / members.length);
  const counts = loadsOf(previous, members).sort((a, b) => a - b);
  const given = counts.map((_, i) => Math.floor(free / counts.length) + (i < free % counts.length ? 1 : 0));
  return orphans + counts.filter((count, i) => count + given[i]! === 0).length * least;
}

/** What has come about by nothing but members that came and went. */
const history = fc.array(fc.tuple(fc.boolean(), fc.nat(11)), { minLength: 1, maxLength: 20 });

describe('a rebalanced assignment', () => {
  it('gives each partition one member of the group, and no member nothing while another has two', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        const next = rebalance(previous, members);
        expect(next.every((owner) => owner !== undefined && members.includes(owner))).toBe(true);
        const loads = loadsOf(next, members);
        if (previous.length >= members.length) expect(Math.min(...loads)).toBeGreaterThan(0);
      }),
    );
  });

  it('gives each member as many as any other, or one more, whoever comes and goes', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 64 }), (changes, partitions) => {
        const members = new Set(['m0']);
        let assignment = rebalance(
          Array.from({ length: partitions }, () => undefined),
          [...members],
        );
        for (const [comes, index] of changes) {
          if (comes) members.add(`m${index}`);
          else if (members.size > 1) members.delete(`m${index}`);
          assignment = rebalance(assignment, [...members]);
          const loads = loadsOf(assignment, [...members]);
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('moves what is of members that are gone, and even shares for those that have nothing: nothing else', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        expect(movesBetween(previous, rebalance(previous, members))).toBe(fewestMoves(previous, members));
      }),
    );
  });

  it('leaves shares that follow load as they are when one comes, and spreads evenly what one leaves', () => {
    const byLoad = [...'abbbbbbb'];
    expect(sharesOf(byLoad, ['a', 'b', 'c'])).toEqual(new Map(Object.entries({ a: 1, b: 5, c: 2 })));
    expect(sharesOf([...'abbbbbcc'], ['a', 'b'])).toEqual(new Map(Object.entries({ a: 2, b: 6 })));
    expect(rebalance(byLoad, ['a', 'b', 'c'])[0]).toBe('a');
  });

  it('is the same for everybody, and stays as it is', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        const next = rebalance(previous, members);
        expect(rebalance(previous, members.toReversed())).toEqual(next);
        expect(rebalance(next, members)).toEqual(next);
      }),
    );
  });

  it('of nobody has no owners', () => {
    expect(rebalance(['a', undefined], [])).toEqual([undefined, undefined]);
  });

  it('spreads what is free over members with close names, and differently for each group of them', () => {
    const free = Array.from({ length: 64 }, () => undefined);
    const first = rebalance(free, ['worker-1', 'worker-2', 'worker-3', 'worker-4']);
    expect(new Set(first.slice(0, 16)).size).toBe(4);
    expect(rebalance(free, ['worker-5', 'worker-6', 'worker-7', 'worker-8'])).not.toEqual(first);
  });
});

describe('heirs', () => {
  it('are those that get the partitions of a member that is gone, and never that one', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        const assignment = rebalance(previous, members);
        const heirs = heirsOf(assignment, members);
        for (const member of members) {
          const without = rebalance(
            assignment,
            members.filter((other) => other !== member),
          );
          for (const [partition, owner] of assignment.entries()) {
            if (owner === member) expect(heirs[partition]).toBe(without[partition]);
            expect(heirs[partition]).not.toBe(owner);
          }
        }
      }),
    );
  });

  it('are those of any assignment that may be stored, for owners that are gone as well', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        const heirs = heirsOf(previous, members);
        for (const [partition, owner] of previous.entries()) {
          const freed = previous.map((one) => (one === owner ? undefined : one));
          const without = rebalance(
            freed,
            members.filter((other) => other !== owner),
          );
          expect(heirs[partition]).toBe(owner === undefined ? undefined : without[partition]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are none where there is one member, or none of it', () => {
    expect(heirsOf(['a', 'a'], ['a'])).toEqual([undefined, undefined]);
    expect(heirsOf([undefined], ['a'])).toEqual([undefined]);
  });
});
