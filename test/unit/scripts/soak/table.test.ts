import { describe, expect, it } from 'vitest';
import type { EpisodeRecord, SoakRun } from '../../../../scripts/soak/run-record.js';
import { countedEpisodes, isHarmed, soakTable } from '../../../../scripts/soak/table.js';
import { sampleRun } from '../../../fixtures/results-parts.js';

const KILLED: EpisodeRecord = {
  kind: 'killed',
  tookHold: true,
  masters: ['redis-1', 'redis-2'],
  recoveryMs: 4000,
  unavailableMs: 1500,
};

function run(changes: Partial<SoakRun> = {}, counts: Partial<SoakRun['counts']> = {}): SoakRun {
  const { startedAt, versions, machine } = sampleRun('soak', 1);
  return {
    seed: 1,
    startedAt,
    commit: '0123456789abcdef',
    versions,
    machine,
    verdict: 'pass',
    reason: '',
    problems: [],
    episodes: [KILLED, KILLED],
    counts: {
      accepted: 40_000,
      lost: 0,
      reordered: 0,
      overlapped: 0,
      duplicated: 3,
      'duplicated.unexcused': 0,
      indeterminate: 5,
      rejected: 0,
      ...counts,
    },
    ...changes,
  };
}

describe('soakTable', () => {
  it('states the bound that the episodes support, for lost and for reordered', () => {
    const text = soakTable([run(), run({ seed: 2 })]);
    expect(text).toContain('4 of 4 episodes in 2 runs count');
    expect(text).toContain('No message was lost: at most 75.00 % of such episodes do that');
    expect(text).toContain('No message was reordered: at most 75.00 %');
    expect(text).toContain('| killed | 4 | 4 | 4,000, 4,000 | 1,500, 1,500 |');
    expect(text).toContain('| 80,000 | 0 | 0 | 0 | 6 | 0 | 10 | 0 |');
    expect(text).toContain('(commit 0123456789ab), Redis 7.0.15');
  });

  it('claims no bound for what happened, and says with which seeds it did', () => {
    const text = soakTable([run(), run({ seed: 5 }, { lost: 17 }), run({ seed: 6 }, { reordered: 2 })]);
    expect(text).toContain('**Messages were lost** in 1 of 3 runs, those with the seeds 5 (17): no bound is claimed.');
    expect(text).toContain('**Messages were reordered** in 1 of 3 runs, those with the seeds 6 (2)');
    expect(text).not.toContain('No message was');
  });

  it('counts no episode that did not take hold, and none of a run whose instrument failed', () => {
    const void_ = { ...KILLED, tookHold: false };
    const runs = [run({ episodes: [KILLED, void_] }), run({ seed: 2, problems: ['the generator fell behind in 2 s'] })];
    expect(countedEpisodes(runs)).toEqual([KILLED]);
    expect(soakTable(runs)).toContain('1 of 4 episodes in 2 runs count');
    expect(soakTable(runs)).toContain('Seed 2 does not count: the generator fell behind in 2 s.');
  });

  it('holds a loss against the broker also in a run that does not count', () => {
    const unsound = run({ problems: ['the generator fell behind in 2 s'] }, { lost: 1 });
    expect(isHarmed(unsound)).toBe(true);
    expect(soakTable([unsound])).toContain('**Messages were lost** in 1 of 1 runs');
    expect(isHarmed(run())).toBe(false);
  });

  it('claims nothing from no episodes', () => {
    expect(soakTable([run({ episodes: [] })])).toContain(
      'Nothing was lost, and no episode counts: no bound is claimed.',
    );
  });

  it('counts separately where the master stayed or is not known', () => {
    const stayed: EpisodeRecord = { ...KILLED, masters: ['redis-1', 'redis-1'] };
    const unknown: EpisodeRecord = { ...KILLED, masters: ['redis-1', null], recoveryMs: null };
    const text = soakTable([run({ episodes: [KILLED, stayed, unknown] })]);
    expect(text).toContain('1 of them changed the master');
    expect(text).toContain('| killed | 3 | 1 | 4,000, never | 1,500, 1,500 |');
  });
});
