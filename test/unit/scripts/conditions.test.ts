import { describe, expect, it } from 'vitest';
import { conditionsOf } from '../../../scripts/conditions.js';
import { sampleRun } from '../../fixtures/results-parts.js';

const { versions, machine } = sampleRun('steady', 1);

describe('conditionsOf', () => {
  it('states versions, commit and machine once where all runs share them', () => {
    const one = { versions, machine, commit: '0123456789abcdef' };
    expect(conditionsOf([one, one])).toBe(
      'Made with Gauntlet 0.1.0 (commit 0123456789ab), Redis 7.0.15, Toxiproxy 2.12.0, Node v20.20.2; 2 cores (AMD EPYC 7B13), 8 GiB, Linux 6.1 x64.',
    );
  });

  it('tells runs apart that were made under other conditions', () => {
    const older = { versions: { ...versions, redis: '6.2.1' }, machine, commit: null };
    const text = conditionsOf([older, { versions, machine, commit: null }, older]);
    expect(text).toMatch(
      /^Of 3 runs 2 with Gauntlet 0\.1\.0, Redis 6\.2\.1,.*; 1 with Gauntlet 0\.1\.0, Redis 7\.0\.15,/,
    );
  });
});
