import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Demand, desiredMembers } from '../../../../broker/scaling/desired-members.js';

const capacity = { targetUtilization: 0.7, drainMs: 30_000 };
const demand: fc.Arbitrary<Demand> = fc.record({
  ratePerSec: fc.double({ min: 0, max: 1e6, noNaN: true }),
  backlog: fc.nat(1_000_000),
  serviceMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
  concurrency: fc.integer({ min: 1, max: 1_000 }),
});
const factor = fc.double({ min: 1, max: 100, noNaN: true });

describe('the members that a group needs', () => {
  it('are those whose handlers are busy to the target by what comes in', () => {
    const incoming = { ratePerSec: 700, backlog: 0, serviceMs: 20, concurrency: 10 };
    expect(desiredMembers(incoming, capacity)).toBeCloseTo(2);
  });

  it('and those that work off what waits, in time', () => {
    const waiting = { ratePerSec: 0, backlog: 30_000, serviceMs: 20, concurrency: 10 };
    expect(desiredMembers(waiting, capacity)).toBeCloseTo(2);
    expect(desiredMembers({ ...waiting, ratePerSec: 700 }, capacity)).toBeCloseTo(4);
  });

  it('grow with rate, backlog and service time, and shrink with what a member can do', () => {
    fc.assert(
      fc.property(demand, factor, (some, times) => {
        const need = desiredMembers(some, capacity);
        expect(need).toBeGreaterThanOrEqual(0);
        for (const name of ['ratePerSec', 'backlog', 'serviceMs'] as const) {
          expect(desiredMembers({ ...some, [name]: some[name] * times }, capacity)).toBeGreaterThanOrEqual(need);
        }
        expect(desiredMembers({ ...some, concurrency: some.concurrency * times }, capacity)).toBeLessThanOrEqual(need);
      }),
    );
  });
});
