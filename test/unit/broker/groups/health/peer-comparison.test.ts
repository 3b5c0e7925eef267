import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandlerMeter } from '../../../../../broker/groups/health/handler-meter.js';
import type { MemberVitals } from '../../../../../broker/groups/health/member-vitals.js';
import { compareWithPeers, mediansOfOthers } from '../../../../../broker/groups/health/peer-comparison.js';
import { Trigger } from '../../../../../broker/groups/health/trigger.js';
import { vitals } from '../../../../fixtures/health-bed.js';

function group(...members: Partial<MemberVitals>[]): Map<string, MemberVitals> {
  return new Map(members.map((one, i) => [`m${i}`, vitals(one)]));
}

const verdictsOf = (members: Map<string, MemberVitals>, kind: 'slow' | 'failing') =>
  [...compareWithPeers(members, 3).values()].map((verdicts) => verdicts[kind].verdict);

const times = (n: number, one: Partial<MemberVitals>) => Array<Partial<MemberVitals>>(n).fill(one);

describe('a slow member', () => {
  it('is the one among ten whose handlers take longer than its peers’, with the evidence', () => {
    const members = group({ serviceMs: 200 }, ...times(9, { serviceMs: 20 }));
    expect(verdictsOf(members, 'slow')).toEqual(['sick', ...Array(9).fill('well')]);
    expect(compareWithPeers(members, 3).get('m0')?.slow.finding).toEqual({
      kind: 'slow',
      serviceMs: 200,
      peersMs: 20,
    });
  });

  it('is none where all are slow alike', () => {
    expect(verdictsOf(group(...times(10, { serviceMs: 5_000 })), 'slow')).toEqual(Array(10).fill('well'));
  });

  it('is none where the difference is smaller than a collection of garbage', () => {
    expect(verdictsOf(group({ serviceMs: 9 }, ...times(4, { serviceMs: 0.1 })), 'slow')[0]).not.toBe('sick');
  });

  it('is neither well nor sick close to the limit', () => {
    expect(verdictsOf(group({ serviceMs: 280 }, ...times(4, { serviceMs: 100 })), 'slow')[0]).toBe('between');
  });

  it('cannot be told from two, nor from few handlings', () => {
    expect(compareWithPeers(group({ serviceMs: 900 }, { serviceMs: 1 }), 3).size).toBe(0);
    const hardlyKnown = group({ serviceMs: 900, handlings: 19 }, ...times(3, { serviceMs: 1 }));
    expect([...compareWithPeers(hardlyKnown, 3).keys()]).toEqual(['m1', 'm2', 'm3']);
  });

  it('is not found by noise: service times of one distribution, with a long tail', () => {
    const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(seed, fc.integer({ min: 10, max: 60 }), (start, perReport) => {
        const random = randomOf(start);
        const members = Array.from({ length: 10 }, () => ({ meter: new HandlerMeter(0), trigger: new Trigger(5, 5) }));
        for (let report = 0; report < 60; report++) {
          for (const { meter } of members) {
            for (let i = 0; i < perReport; i++) meter.count(50 * Math.exp(0.8 * normal(random)), false);
          }
          const verdicts = verdictsOf(group(...members.map(({ meter }) => meter.read(report))), 'slow');
          for (const [i, { trigger }] of members.entries()) {
            expect(trigger.step(verdicts[i] ?? 'well')).toBe(false);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a failing member', () => {
  it('is one whose handlers nearly all fail while its peers’ do not', () => {
    const members = group({ failureRatio: 0.95 }, ...times(4, { failureRatio: 0.05 }));
    expect(verdictsOf(members, 'failing')).toEqual(['sick', ...Array(4).fill('well')]);
    expect(compareWithPeers(members, 3).get('m0')?.failing.finding).toEqual({
      kind: 'failing',
      failureRatio: 0.95,
      peersRatio: 0.05,
    });
  });

  it('is none where all fail, or where many of its handlers return', () => {
    expect(verdictsOf(group(...times(5, { failureRatio: 1 })), 'failing')).toEqual(Array(5).fill('well'));
    expect(verdictsOf(group({ failureRatio: 0.5 }, ...times(4, {})), 'failing')[0]).toBe('well');
    expect(verdictsOf(group({ failureRatio: 0.8 }, ...times(4, {})), 'failing')[0]).toBe('between');
  });
});

it('the median of all others is what one gets by leaving each out', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(values, (all) => {
      const naive = all.map((_, i) => {
        const others = all.filter((_, j) => j !== i).sort((a, b) => a - b);
        return (others[(others.length - 1) >> 1]! + others[others.length >> 1]!) / 2;
      });
      expect(mediansOfOthers(all)).toEqual(naive);
    }),
  );
});

/** Marsaglia's xorshift32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
