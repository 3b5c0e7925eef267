import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, heirsOf, movesBetween, rebalance } from '../../../../broker/groups/assignment.js';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });
/** Any assignment that may be stored: balanced or not, with partitions of nobody, and of members that are gone. */
const stored = fc.tuple(names, names).chain(([members, gone]) => {
  const owner = fc.constantFrom(undefined, ...members, ...gone);
  return fc.record({ members: fc.constant(members), previous: fc.array(owner, { minLength: 1, maxLength: 64 }) });
});

function loadsOf(assignment: Assignment, members: readonly string[]): number[] {
  return members.map((member) => assignment.filter((owner) => owner === member).length);
}

/** However the larger shares are given out, as many have to leave. */
function fewestMoves(previous: Assignment, members: readonly string[]): number {
  const least = Math.floor(previous.length / members.length);
  const extras = previous.length - least * members.length;
  const loads = loadsOf(previous, members);
  const over = loads.reduce((sum, load) => sum + Math.max(0, load - least), 0);
  const kept = Math.min(extras, loads.filter((load) => load > least).length);
  const orphans = previous.filter((owner) => owner !== undefined && !members.includes(owner)).length;
  return over - kept + orphans;
}

describe('a rebalanced assignment', () => {
  it('gives each partition one member of the group, and each member as many as any other, or one more', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        const next = rebalance(previous, members);
        expect(next.every((owner) => owner !== undefined && members.includes(owner))).toBe(true);
        const loads = loadsOf(next, members);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no more partitions than balance needs', () => {
    fc.assert(
      fc.property(stored, ({ members, previous }) => {
        expect(movesBetween(previous, rebalance(previous, members))).toBe(fewestMoves(previous, members));
      }),
    );
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

  it('are none where there is one member, or none of it', () => {
    expect(heirsOf(['a', 'a'], ['a'])).toEqual([undefined, undefined]);
    expect(heirsOf([undefined], ['a'])).toEqual([undefined]);
  });
});
