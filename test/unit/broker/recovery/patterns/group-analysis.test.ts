import { describe, expect, it } from 'vitest';
import {
  analyzeGroup,
  type FailedMessage,
  type GroupTraffic,
} from '../../../../../broker/recovery/patterns/group-analysis.js';
import { failureOf } from '../../../../fixtures/analyzed-group.js';

const NOW_MS = 1_000_000;
const members = new Map([
  ['a', 30],
  ['b', 30],
  ['c', 30],
]);
const traffic: GroupTraffic = { members, partitions: [20, 20, 20, 30], sample: [] };

/** Three attempts of each, by the members in turn. */
function failed(count: number, of: (i: number) => Partial<FailedMessage> & { consumer?: string }): FailedMessage[] {
  return Array.from({ length: count }, (_, i) => {
    const { consumer = ['a', 'b', 'c'][i % 3]!, ...different } = of(i);
    const failures = [1, 2, 3].map((attempt) => {
      const atMs = 400_000 + 4_000 * i + 300 * attempt;
      return { ...failureOf('no'), attempt, atMs, consumer, permanent: false };
    });
    return { id: `m${i}`, key: `k${i % 50}`, partition: i % 4, kind: undefined, failures, ...different };
  });
}

describe('the failures of a group, after the fact', () => {
  it('are poison where few of what the members handle fail, and fail again', () => {
    const { patterns, messages } = analyzeGroup(
      failed(40, () => ({})),
      traffic,
      NOW_MS,
    );
    expect(messages).toBe(40);
    expect(patterns).toMatchObject([{ nature: 'poison', findings: [], evidence: { failures: 120, messages: 40 } }]);
  });

  it('are a member’s where it has nearly all, and handles no more than the others', () => {
    const { patterns } = analyzeGroup(
      failed(40, (i) => ({ consumer: i < 36 ? 'b' : 'a' })),
      traffic,
      NOW_MS,
    );
    expect(patterns[0]!.findings).toMatchObject([{ kind: 'one-consumer', value: 'b' }]);
    const busy = { ...traffic, members: new Map([...members, ['b', 600]]) };
    expect(
      analyzeGroup(
        failed(40, () => ({ consumer: 'b' })),
        busy,
        NOW_MS,
      ).patterns[0]!.findings,
    ).toEqual([]);
  });

  it('are not a member’s that is gone only because it is gone', () => {
    const before = failed(40, () => ({ consumer: 'before' }));
    const alone = { ...traffic, members: new Map([['after', 30]]) };
    expect(analyzeGroup(before, alone, NOW_MS).patterns[0]!.findings).toEqual([]);
    const nobody = { ...traffic, members: new Map() };
    expect(analyzeGroup(before, nobody, NOW_MS).patterns[0]!.findings).toEqual([]);
  });

  it('are a partition’s, not where that has most of the traffic', () => {
    const there = failed(40, () => ({ partition: 3 }));
    expect(analyzeGroup(there, traffic, NOW_MS).patterns[0]!.findings).toMatchObject([
      { kind: 'one-partition', value: '3' },
    ]);
    const busy = { ...traffic, partitions: [1, 1, 1, 100] };
    expect(analyzeGroup(there, busy, NOW_MS).patterns[0]!.findings).toEqual([]);
  });

  it('are a key’s, as far as the logs say how much of it there is, or as is assumed and said', () => {
    const there = failed(40, () => ({ key: 'hot' }));
    const assumed = analyzeGroup(there, traffic, NOW_MS);
    expect(assumed.patterns[0]!.findings).toMatchObject([{ kind: 'one-key', value: 'hot', passedThere: 0.1 }]);
    expect(assumed.assumed.join()).toMatch(/a key is taken to have a tenth of the traffic/);
    const sample = Array.from({ length: 200 }, (_, i) => {
      return { id: `s${i}`, key: i % 10 < 7 ? 'hot' : `k${i}`, partition: i % 4, consumer: '', kind: undefined };
    });
    const known = analyzeGroup(there, { ...traffic, sample }, NOW_MS);
    expect(known.patterns[0]!.findings).toEqual([]);
    expect(known.assumed).toEqual(['the members are taken to have handled as much all the time as they report now']);
  });

  it('have no nature where nobody says how much passes; nor anything where there are none', () => {
    const unknown = analyzeGroup(
      failed(40, () => ({})),
      { members: new Map(), partitions: [undefined], sample: [] },
      NOW_MS,
    );
    expect(unknown.patterns).toMatchObject([{ nature: 'unclear', confidence: 0 }]);
    expect(unknown.assumed).toHaveLength(3);
    const slow = { ...traffic, members: new Map([['a', 0.01]]) };
    expect(
      analyzeGroup(
        failed(40, () => ({})),
        slow,
        NOW_MS,
      ).patterns,
    ).toMatchObject([{ nature: 'unclear' }]);
    expect(analyzeGroup([], traffic, NOW_MS)).toMatchObject({ patterns: [], messages: 0 });
  });
});
