import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, rebalance } from '../../../../broker/groups/assignment.js';
import { resolveBalancing } from '../../../../broker/groups/balancing.js';
import { ConsumerGroupBalancer } from '../../../../broker/groups/consumer-group-balancer.js';
import { loadReport } from '../../../../broker/groups/member-load.js';
import type { Roster } from '../../../../broker/groups/roster.js';
import { seededRandom } from '../../../../harness/random.js';
import { movesBetween } from '../../../fixtures/assignment-moves.js';

const BEAT_MS = 500;
const SETTLED_MS = 40_000;

/** A roster whose owners report these rates. */
function rosterOf(assignment: Assignment, rates: readonly number[], generation = '1', away?: string): Roster {
  const members = [...new Set(assignment)].filter((owner) => owner !== undefined).sort();
  const seats = members.map((id) => ({
    id,
    instance: id,
    beat: '1',
    sessionMs: 2_000,
    isAway: id === away,
    isDraining: false,
  }));
  const reports = members.map((id) => {
    const own = rates.flatMap((ratePerSec, partition) =>
      assignment[partition] === id ? [[partition, { ratePerSec, lag: 0 }] as const] : [],
    );
    return [id, loadReport({ serviceMs: 1, concurrency: 16, partitions: new Map(own) })] as const;
  });
  const seated = new Map(seats.map((seat) => [seat.id, seat]));
  return { generation, assignment, seats: seated, reports: new Map(reports), setAside: new Map() };
}

function balancerOf(member: string): ConsumerGroupBalancer {
  return new ConsumerGroupBalancer(member, resolveBalancing({})!);
}

/** Shows it the same for so long; returns what it proposes, and when. */
function shown(balancer: ConsumerGroupBalancer, roster: Roster, fromMs: number, untilMs: number) {
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += BEAT_MS) {
    const change = balancer.propose(roster, nowMs);
    if (change !== undefined) return { ...change, nowMs };
  }
  return undefined;
}

const uneven = rosterOf([...'aabb'], [50, 50, 10, 10]);

describe('a balancer', () => {
  it('proposes a better assignment when the roster has been the same for its cool-down', () => {
    const proposed = shown(balancerOf('a'), uneven, 0, SETTLED_MS);
    expect(proposed?.nowMs).toBe(30_000);
    expect(proposed?.assignment).not.toEqual(uneven.assignment);
  });

  it('waits until the load has been uneven for long enough, without a pause', () => {
    const balancer = balancerOf('a');
    const even = rosterOf([...'aabb'], [30, 30, 30, 30]);
    expect(shown(balancer, even, 0, SETTLED_MS)).toBeUndefined();
    expect(shown(balancer, uneven, SETTLED_MS, SETTLED_MS + 9_500)).toBeUndefined();
    expect(balancer.propose(even, SETTLED_MS + 9_600)).toBeUndefined();
    const fromMs = SETTLED_MS + 9_700;
    expect(shown(balancer, uneven, fromMs, fromMs + SETTLED_MS)?.nowMs).toBe(fromMs + 10_000);
  });

  it('waits anew after every change of the roster', () => {
    const balancer = balancerOf('a');
    expect(shown(balancer, uneven, 0, 29_500)).toBeUndefined();
    const changed = { ...uneven, generation: '2' };
    expect(shown(balancer, changed, 29_600, 29_600 + SETTLED_MS)?.nowMs).toBe(59_600);
  });

  it.each([
    ['it is not the first of the roster', 'b', uneven],
    ['a member is away', 'a', rosterOf([...'aabb'], [50, 50, 10, 10], '1', 'b')],
    ['nothing is known of a partition yet', 'a', { ...uneven, reports: new Map([...uneven.reports].slice(1)) }],
    ['there is hardly any load', 'a', rosterOf([...'aabb'], [0.4, 0.4, 0, 0])],
    ['one partition has it all', 'a', rosterOf([...'ab'], [100, 1])],
    ['the difference is small', 'a', rosterOf([...'aabb'], [33, 33, 30, 30])],
  ])('proposes nothing where %s', (_, member, roster) => {
    expect(shown(balancerOf(member), roster, 0, 2 * SETTLED_MS)).toBeUndefined();
  });

  it('gives nothing to a member that is drained', () => {
    const seats = new Map(uneven.seats).set('c', { ...uneven.seats.get('a')!, id: 'c', isDraining: true });
    const proposed = shown(balancerOf('a'), { ...uneven, seats }, 0, SETTLED_MS);
    expect(proposed?.seats).toEqual([]);
    expect(new Set(proposed?.assignment)).toEqual(new Set(['a', 'b']));
  });

  it('counts what is left over as well', () => {
    const partitions = new Map([
      [0, { ratePerSec: 1, lag: 1_000 }],
      [1, { ratePerSec: 1, lag: 1_000 }],
    ]);
    const reports = new Map([...uneven.reports, ['a', loadReport({ serviceMs: 1, concurrency: 16, partitions })]]);
    expect(shown(balancerOf('a'), { ...uneven, reports }, 0, SETTLED_MS)).toBeDefined();
  });

  it('does not move partitions to and fro under noise: at most 8 after the first change, in 100 rounds of 10 %', () => {
    const group = fc.record({
      size: fc.integer({ min: 2, max: 6 }),
      rates: fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 6, maxLength: 24 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(group, ({ size, rates, seed }) => {
        const random = seededRandom(seed, 'noise');
        const members = Array.from({ length: size }, (_, i) => `m${i}`);
        const free = rates.map(() => undefined);
        let assignment = rebalance(free, members);
        let generation = 1;
        const balancer = balancerOf('m0');
        const moves: number[] = [];
        // One round is a cool-down: every round might move something.
        for (let nowMs = 0; nowMs <= 101 * 30_000; nowMs += 5_000) {
          const noisy = rates.map((rate) => rate * (0.9 + 0.2 * random()));
          const next = balancer.propose(rosterOf(assignment, noisy, String(generation)), nowMs)?.assignment;
          if (next === undefined) continue;
          moves.push(movesBetween(assignment, next));
          assignment = next;
          generation++;
        }
        const [first = 0, ...later] = moves;
        expect(first).toBeLessThanOrEqual(rates.length);
        expect(later.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(8);
      }),
      { numRuns: 40 },
    );
  });
});
