import { describe, expect, it } from 'vitest';
import type { FaultResult, Results } from '../../../../reports/results.js';
import { CLOSING_FAULT, type Episode } from '../../../../scripts/soak/episodes.js';
import { recordRun } from '../../../../scripts/soak/run-record.js';
import { sampleResults } from '../../../fixtures/results.js';
import { sampleFaults } from '../../../fixtures/results-parts.js';

const EPISODES: readonly Episode[] = [
  { kind: 'killed', faults: ['dies-1'] },
  { kind: 'killed-behind-lag', faults: ['lag-2', 'dies-2'] },
];

function fault(id: string, injectedMs: number, master: string, changes: Partial<FaultResult> = {}): FaultResult {
  return { ...sampleFaults(0, 'pass')[0]!, id, injectedMs, affected: [master], ...changes };
}

function results(faults: readonly FaultResult[], problems: readonly string[] = []): Results {
  const sample = sampleResults();
  const delivered = sample.series.delivered.map((count, at) => (silent(at) ? 0 : Math.max(1, count)));
  return {
    ...sample,
    faults: [...faults],
    series: { ...sample.series, delivered },
    instrument: { ...sample.instrument, problems: [...problems] },
  };
}

/** Intervals of 100 ms: 1 s in the first episode, 2.5 s in the second. */
function silent(at: number): boolean {
  return (at >= 110 && at < 120) || (at >= 215 && at < 240);
}

const sound = [
  fault('dies-1', 10_000, 'redis-1', { recoveryMs: 4000 }),
  fault('lag-2', 20_000, 'redis-2'),
  fault('dies-2', 21_000, 'redis-2', { recoveryMs: 5000 }),
  fault(CLOSING_FAULT, 40_000, 'redis-2'),
];

describe('recordRun', () => {
  it('keeps of each episode whether it took hold, who was master before and after, and how long it took', () => {
    const run = recordRun(3, 'abc', EPISODES, results(sound));
    expect(run.episodes).toEqual([
      { kind: 'killed', tookHold: true, masters: ['redis-1', 'redis-2'], recoveryMs: 4000, unavailableMs: 1000 },
      {
        kind: 'killed-behind-lag',
        tookHold: true,
        masters: ['redis-2', 'redis-2'],
        recoveryMs: 5000,
        unavailableMs: 2500,
      },
    ]);
    expect(run).toMatchObject({ seed: 3, commit: 'abc', verdict: 'pass', problems: [] });
    expect(run.counts).toMatchObject({ lost: 0, reordered: 0, rejected: 108 });
  });

  it('voids the episode of a fault without effect, and not the run', () => {
    const faults = sound.map((one) => (one.id === 'dies-2' ? { ...one, tookHold: false } : one));
    const run = recordRun(3, null, EPISODES, results(faults, ['the fault dies-2 did not take hold: it still runs']));
    expect(run.episodes.map(({ tookHold }) => tookHold)).toEqual([true, false]);
    expect(run.problems).toEqual([]);
  });

  it('voids an episode of which a fault was never injected', () => {
    const run = recordRun(3, null, EPISODES, results(sound.filter(({ id }) => id !== 'dies-2')));
    expect(run.episodes.map(({ tookHold }) => tookHold)).toEqual([true, false]);
  });

  it('does not say who was master where the fault that tells it did not take hold', () => {
    const faults = sound.map((one) => (one.id === CLOSING_FAULT ? { ...one, tookHold: false } : one));
    expect(recordRun(3, null, EPISODES, results(faults)).episodes[1]!.masters).toEqual(['redis-2', null]);
  });

  it('keeps what was wrong with ledger, generator and machine', () => {
    const problem = 'the generator fell behind in 2 s: 71.0 % of the planned rate in second 9';
    expect(recordRun(3, null, EPISODES, results(sound, [problem])).problems).toEqual([problem]);
  });

  it('takes no missing count for zero', () => {
    const { lost, ...counts } = sampleResults().ledger.counts;
    const broken = results(sound);
    expect(() => recordRun(3, null, EPISODES, { ...broken, ledger: { ...broken.ledger, counts } })).toThrow('"lost"');
  });
});
