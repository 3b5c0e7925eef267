import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../../../bench/load/failure-causes.js';
import type { Analyst, Mix } from '../../../../bench/load/failure-mixes.js';
import { FailureScore, wilson } from '../../../../bench/load/failure-score.js';
import { FailurePatternAnalyzer } from '../../../../broker/recovery/patterns/failure-pattern-analyzer.js';
import { seededRandom } from '../../../../harness/random.js';

const cause = CAUSES.find(({ name }) => name === 'one key')!;
const mix: Mix = { name: cause.name, causes: [cause], likeness: 'none' };

function scoreOf(analyst: Analyst): FailureScore {
  const score = new FailureScore();
  score.judge(mix, 1, analyst, seededRandom(1, 'score'), 179_999);
  return score;
}

describe('the score of an analyst', () => {
  it('counts what is said rightly', () => {
    const { counts, misses, whole, pure } = scoreOf(new FailurePatternAnalyzer());
    expect(counts.get('one-key')).toEqual({ hits: 1, wrong: 0, missed: 0 });
    expect(counts.get('poison')).toEqual({ hits: 1, wrong: 0, missed: 0 });
    expect(misses).toEqual([]);
    expect([whole.hits / whole.all, pure.hits / pure.all]).toEqual([1, 1]);
  });

  it('counts what is missed and what is wrong', () => {
    const analyzer = new FailurePatternAnalyzer();
    const liar: Analyst = {
      isNext: () => analyzer.isNext(),
      passed: (...args) => analyzer.passed(...args),
      failed: (...args) => analyzer.failed(...args),
      recovered: (...args) => analyzer.recovered(...args),
      happened: () => {},
      patterns: (nowMs) =>
        analyzer.patterns(nowMs).map((pattern) => ({
          ...pattern,
          nature: 'systemic',
          findings: [{ kind: 'periodic', periodMs: 1, confidence: 1 }],
        })),
    };
    const { counts, misses } = scoreOf(liar);
    expect(counts.get('one-key')).toEqual({ hits: 0, wrong: 0, missed: 1 });
    expect(counts.get('periodic')).toEqual({ hits: 0, wrong: 1, missed: 0 });
    expect(misses).toHaveLength(4);
  });
});

describe('Wilson’s interval', () => {
  it('is the known one', () => {
    const [from, to] = wilson(95, 100);
    expect(from).toBeCloseTo(0.8882, 3);
    expect(to).toBeCloseTo(0.9785, 3);
    expect(wilson(0, 0)).toEqual([0, 1]);
    expect(wilson(20, 20)[1]).toBe(1);
  });
});
