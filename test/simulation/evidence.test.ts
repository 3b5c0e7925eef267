import { describe, expect, it } from 'vitest';
import { type Chunk, type Evidence, withChunk, withVariant } from './evidence.js';
import { renderEvidence } from './evidence-page.js';
import { emptySummary } from './schedule/run-batch.js';

const chunk = (firstSeed: number, schedules: number, failures = 0): Chunk => ({
  ...emptySummary(),
  firstSeed,
  schedules,
  failures,
  failedSeeds: Array.from({ length: failures }, (_, i) => firstSeed + i),
  seconds: 10,
  occurred: { 'fault failover': 2, 'plan sentinel, 1 replicas, replicated': schedules },
});
const none: Evidence = { chunks: [], variants: [] };

describe('stored results of schedules', () => {
  it('gather chunks of seeds, of which a later one takes the place of those that it overlaps', () => {
    const both = withChunk(withChunk(none, chunk(1_001, 500)), chunk(1, 1_000));
    expect(both.chunks.map(({ firstSeed }) => firstSeed)).toEqual([1, 1_001]);
    expect(renderEvidence(both)).toContain('Seeds: 1 to 1500.');
    expect(withChunk(both, chunk(900, 200)).chunks.map(({ firstSeed }) => firstSeed)).toEqual([900]);
  });

  it('say what zero failures bound, what occurred, and which variant was caught', () => {
    const result = { name: 'v', rule: 'r', caughtBy: 'order', seed: 3, schedules: 3 };
    const page = renderEvidence(withVariant(withVariant(withChunk(none, chunk(1, 3_000)), result), result));
    expect(page).toContain('3000 schedules, 0 failed, which bounds the rate of failing ones by 0.10 % at 95 %');
    expect(page).toContain('| failover | 2 |');
    expect(page.split('\n').filter((line) => line.startsWith('| `v`'))).toEqual(['| `v` | r | `order` | 3 |']);
  });

  it('claim no bound where schedules failed, and hide no variant that was not caught', () => {
    const missed = { name: 'v', rule: 'r', caughtBy: undefined, seed: undefined, schedules: 400 };
    const page = renderEvidence(withVariant(withChunk(none, chunk(1, 3_000, 2)), missed));
    expect(page).toContain('3000 schedules, 2 failed. ');
    expect(page).toContain('Failed: 1, 2.');
    expect(page).toContain('**not caught**');
  });
});
