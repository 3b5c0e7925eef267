import { describe, expect, test } from 'vitest';
import { overRuns, repeatedGates, repeatedScenarios } from '../../../reports/repeats.js';
import type { GateResult } from '../../../reports/results.js';
import { sampleResults } from '../../fixtures/results.js';

const [sample] = sampleResults({ steadyMs: 1000 }).gates;
const gate = (observed: number | null, more: Partial<GateResult> = {}): GateResult => {
  return { ...sample!, operator: '<', unit: 'ms', verdict: 'pass', ...more, observed };
};
const numbers = (count: number) => Array.from({ length: count }, (_, i) => gate(((i * 7) % count) + 1));

describe('a gate over all runs', () => {
  test.each([
    [1, 1, [1, 1], 0],
    [2, 1.5, [1, 2], 0.5],
    [5, 3, [1, 5], 0.9375],
    [6, 3.5, [1, 6], 0.96875],
    [9, 5, [2, 8], 0.9609375],
    [20, 10.5, [6, 15], 0.958611],
  ])('of %i: the median %d and its interval', (count, median, interval, confidence) => {
    expect(overRuns(numbers(count))).toMatchObject({ median, interval, confidence: expect.closeTo(confidence, 5) });
  });

  test('what has no value is worse than any', () => {
    expect(overRuns([gate(1), gate(null), gate(2)])).toMatchObject({ median: 2, interval: [1, null] });
    expect(overRuns([gate(1), gate(null), gate(2), gate(null)]).median).toBeNull();
    const least = { operator: '>=', unit: 'per-sec' } as const;
    expect(overRuns([gate(1, least), gate(null, least), gate(2, least)])).toMatchObject({
      median: 1,
      interval: [null, 2],
    });
  });

  test('passes only if it passed in each', () => {
    expect(overRuns([gate(1), gate(2)])).toMatchObject({ verdict: 'pass', passed: 2, runs: 2 });
    const unsure = overRuns([gate(1), gate(9, { verdict: 'inconclusive' })]);
    expect(unsure).toMatchObject({ verdict: 'inconclusive', passed: 1, runs: 2 });
    const failed = overRuns([gate(9, { verdict: 'inconclusive' }), gate(9, { verdict: 'fail' }), gate(1)]);
    expect(failed).toMatchObject({ verdict: 'fail', passed: 1, runs: 3 });
  });
});

describe('what a summary says of repetitions', () => {
  const results = sampleResults({ steadyMs: 1000 });
  const repeated = { ...results, gates: results.gates.map((one) => ({ ...one, overRuns: overRuns([one, one]) })) };

  test('each scenario once, and only what was repeated', () => {
    expect(repeatedScenarios([repeated, repeated])).toEqual([repeated]);
    expect(repeatedScenarios([results])).toEqual([]);
  });

  test('an implicit gate only where it did not pass', () => {
    expect(repeatedGates(repeated).map(({ implicit }) => implicit)).not.toContain(true);
    const gates = repeated.gates.map((one) => ({ ...one, overRuns: { ...one.overRuns, verdict: 'fail' as const } }));
    expect(repeatedGates({ ...repeated, gates })).toHaveLength(gates.length);
  });
});
