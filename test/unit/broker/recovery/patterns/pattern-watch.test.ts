import { describe, expect, it } from 'vitest';
import type { FailurePattern } from '../../../../../broker/recovery/patterns/failure-pattern.js';
import { PatternWatch } from '../../../../../broker/recovery/patterns/pattern-watch.js';

const pattern = (lastMs: number, different: Partial<FailurePattern> = {}): FailurePattern => ({
  id: 1,
  template: 'Error: no',
  fingerprints: ['f'],
  nature: 'poison',
  confidence: 0.999,
  findings: [],
  evidence: { failures: 9, messages: 9, firstMs: 0, lastMs, failingShare: 0, retries: 0, failedAgain: 0, examples: [] },
  ...different,
});

/** Looks every 5 s; what was told. */
function told(looks: readonly (Partial<FailurePattern> | undefined)[]): string[] {
  const watch = new PatternWatch();
  let last: FailurePattern | undefined;
  return looks.flatMap((look, i) => {
    const nowMs = 5_000 * i;
    last = look === undefined ? last : pattern(nowMs, look);
    const news = watch.look(last === undefined ? [] : [last], nowMs);
    return news.map(({ change, pattern: { nature } }) => `${i} ${change} ${nature}`);
  });
}

const poison = {};
const systemic = { nature: 'systemic' } as const;
const unclear = { nature: 'unclear' } as const;
const quiet = Array.from({ length: 14 }, () => undefined);

describe('news of patterns', () => {
  it('come when a pattern appears, and when it has ended', () => {
    expect(told([poison, poison, poison, ...quiet])).toEqual(['1 appeared poison', '14 ended poison']);
  });

  it('are none of what is at the edge, now this and now that', () => {
    expect(told([poison, unclear, poison, unclear, poison, unclear, ...quiet])).toEqual([]);
    const flapping = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? systemic : poison));
    expect(told([poison, poison, ...flapping])).toEqual(['1 appeared poison']);
  });

  it('come when it is another one to stay', () => {
    expect(told([poison, poison, systemic, systemic, systemic, systemic])).toEqual([
      '1 appeared poison',
      '4 changed systemic',
    ]);
    expect(told([poison, poison, unclear, unclear, unclear, unclear])).toEqual(['1 appeared poison']);
  });

  it('are none of what says nothing', () => {
    expect(told([unclear, unclear, unclear, ...quiet])).toEqual([]);
    const transient = { nature: 'transient' } as const;
    expect(told([transient, transient, transient, ...quiet])).toEqual([]);
  });

  it('end with what was forgotten, too', () => {
    const watch = new PatternWatch();
    watch.look([pattern(0)], 0);
    expect(watch.look([pattern(0)], 5_000)).toHaveLength(1);
    expect(watch.look([], 30_000)).toEqual([]);
    expect(watch.look([], 65_000).map(({ change }) => change)).toEqual(['ended']);
    expect(watch.look([], 70_000)).toEqual([]);
  });
});
