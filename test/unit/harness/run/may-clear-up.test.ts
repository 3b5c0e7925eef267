import { describe, expect, it } from 'vitest';
import { mayClearUp } from '../../../../harness/run/may-clear-up.js';
import type { GateResult, Results } from '../../../../reports/results.js';
import { sampleResults } from '../../../fixtures/results.js';

const sample = sampleResults({ steadyMs: 1000 });
const [gate] = sample.gates as [GateResult];

/** Inconclusive by the instrument alone, unless gates are named by what was in their way. */
function inconclusive(...obstacles: GateResult['obstacle'][]): Results {
  const open = obstacles.map((obstacle): GateResult => {
    const base = { ...gate, verdict: 'inconclusive' as const };
    return obstacle === undefined ? base : { ...base, obstacle };
  });
  return { ...sample, verdict: 'inconclusive', gates: [gate, ...open] };
}

describe('whether another run may clear up an inconclusive one', () => {
  it('it may, where instrument or machine were in the way', () => {
    expect(mayClearUp(inconclusive())).toBe(true);
    expect(mayClearUp(inconclusive('disturbed-machine'))).toBe(true);
    expect(mayClearUp(inconclusive('absent-fault', 'disturbed-machine'))).toBe(true);
  });

  it('it may not, where a gate could not be measured again, or failed on a damaged ledger', () => {
    expect(mayClearUp(inconclusive('no-interval'))).toBe(false);
    expect(mayClearUp(inconclusive('disturbed-machine', 'no-interval'))).toBe(false);
    expect(mayClearUp(inconclusive('damaged-ledger'))).toBe(false);
    expect(mayClearUp(inconclusive(undefined))).toBe(false);
  });

  it('no verdict is ever run over', () => {
    expect(mayClearUp(sample)).toBe(false);
    expect(mayClearUp({ ...inconclusive('disturbed-machine'), verdict: 'fail' })).toBe(false);
  });
});
