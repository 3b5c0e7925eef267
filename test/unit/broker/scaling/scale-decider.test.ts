import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScaleDecider, type ScaleLimits } from '../../../../broker/scaling/scale-decider.js';
import { seededRandom } from '../../../../harness/random.js';

const LIMITS: ScaleLimits = { min: 1, max: 20, tolerance: 0.1, scaleInHoldMs: 60_000, coolDownMs: 30_000 };
const EVERY_MS = 1_000;

/** A decider that is asked every second; what it decides is so at once. */
function deciding(limits: Partial<ScaleLimits> = {}, members = 1) {
  const decider = new ScaleDecider({ ...LIMITS, ...limits });
  let nowMs = 0;
  const changes: { readonly atMs: number; readonly to: number }[] = [];
  return {
    changes,
    now: () => nowMs,
    members: () => members,
    show(seconds: number, needOf: () => number, isWhole = true) {
      for (let i = 0; i < seconds; i++, nowMs += EVERY_MS) {
        const next = decider.decide({ members: needOf(), isWhole }, members, nowMs);
        if (next === undefined) continue;
        changes.push({ atMs: nowMs, to: next });
        members = next;
      }
    },
  };
}

const needs = fc.double({ min: 0, max: 30, noNaN: true });

describe('a decision about the number of members', () => {
  it('is for more at once', () => {
    const one = deciding();
    one.show(1, () => 4.2);
    expect(one.changes).toEqual([{ atMs: 0, to: 5 }]);
  });

  it('is for fewer when none of the needs of the hold time asked for more', () => {
    const one = deciding({}, 10);
    one.show(30, () => 4);
    one.show(1, () => 6);
    one.show(29, () => 4);
    expect(one.changes).toEqual([]);
    one.show(31, () => 4);
    // The 6 of second 30, and the tolerance; when that has left the window, 4 and the tolerance.
    expect(one.changes).toEqual([{ atMs: 60_000, to: 7 }]);
    one.show(1, () => 4);
    expect(one.changes[1]).toEqual({ atMs: 91_000, to: 5 });
  });

  it('waits with fewer for the cool-down after any change, and until all is known again', () => {
    const one = deciding({ scaleInHoldMs: 5_000 });
    one.show(1, () => 10);
    one.show(29, () => 1);
    expect(one.changes).toHaveLength(1);
    one.show(1, () => 1, false);
    one.show(5, () => 1);
    expect(one.changes).toHaveLength(1);
    one.show(1, () => 1);
    expect(one.changes[1]).toEqual({ atMs: 36_000, to: 2 });
  });

  it('is for more also where not all is known', () => {
    const one = deciding();
    one.show(1, () => 3, false);
    expect(one.changes).toEqual([{ atMs: 0, to: 3 }]);
  });

  it('is nothing within the tolerance', () => {
    const one = deciding({}, 10);
    one.show(300, () => 10.9);
    one.show(300, () => 9.1);
    expect(one.changes).toEqual([]);
  });

  it('keeps to the limits, and comes back to them', () => {
    fc.assert(
      fc.property(fc.array(needs, { minLength: 1, maxLength: 50 }), fc.nat(40), (all, start) => {
        const one = deciding({ min: 2, max: 12 }, start);
        for (const need of all) {
          one.show(20, () => need);
          expect(one.members()).toBeGreaterThanOrEqual(2);
          expect(one.members()).toBeLessThanOrEqual(12);
        }
      }),
    );
  });

  it('settles after a step, at what is needed within the tolerance, with one change for more and one for fewer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), needs, (start, need) => {
        const one = deciding({}, start);
        one.show(62, () => need);
        expect(one.changes.length).toBeLessThanOrEqual(1);
        const settled = one.members();
        expect(settled * 1.1 + 1e-6).toBeGreaterThanOrEqual(Math.min(need, 20));
        expect(settled).toBeLessThanOrEqual(Math.max(1, Math.min(20, Math.ceil(need * 1.1))));
        one.show(300, () => need);
        expect(one.members()).toBe(settled);
      }),
    );
  });

  it('does not follow noise of 10 %: from the second hold time on at most one change in 1,000 rounds', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 18, noNaN: true }), fc.nat(), (mean, seed) => {
        const random = seededRandom(seed, 'noise');
        const one = deciding({}, 1);
        const noisy = () => mean * (0.9 + 0.2 * random());
        one.show(180, noisy);
        const before = one.changes.length;
        one.show(1_000, noisy);
        expect(one.changes.length - before).toBeLessThanOrEqual(1);
      }),
    );
  });
});
