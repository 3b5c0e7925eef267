import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../../scripts/evidence/figures.js';
import { sampleResults } from '../../../fixtures/results.js';

describe('figuresOf', () => {
  it('takes rates and latencies from the phase steady, counts from everything', () => {
    const results = sampleResults({ verdict: 'fail', name: 'master-killed', seed: 9 });
    const steady = results.phases.find(({ name }) => name === 'steady')!;
    const figures = figuresOf(results, 'master-killed-1.json.gz');
    expect(figures).toMatchObject({ scenario: 'master-killed', seed: 9, verdict: 'fail', lost: 37, unexcused: 3 });
    expect(figures.p99).toBe(steady.e2e.summary.p99);
    expect(figures.throughputPerSec).toBeCloseTo(10_500);
  });

  it('takes them from everything measured where no phase has that name', () => {
    const results = sampleResults({ verdict: 'fail' });
    const phases = results.phases.map((phase) => ({ ...phase, name: phase.name.replace('steady', 'quiet') }));
    const figures = figuresOf({ ...results, phases }, 'x.json.gz');
    expect(figures.p99).toBe(results.overall.e2e.summary.p99);
    expect(figures.throughputPerSec).toBeCloseTo(10_500 - 37 / 50);
  });

  it('has recovery and unavailability of every fault', () => {
    expect(figuresOf(sampleResults({ verdict: 'fail' }), 'x.json.gz').faults).toMatchObject([
      { id: 'slow-link', recoveryMs: null, unavailableMs: 121 },
      { id: 'consumer-dies', recoveryMs: 1200, unavailableMs: 640 },
    ]);
  });
});
