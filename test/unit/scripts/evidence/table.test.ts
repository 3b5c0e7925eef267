import { describe, expect, it } from 'vitest';
import type { Figures } from '../../../../scripts/evidence/figures.js';
import { evidenceTable } from '../../../../scripts/evidence/table.js';
import { sampleRun } from '../../../fixtures/results-parts.js';

function figures(scenario: string, run: number, changes: Partial<Figures> = {}): Figures {
  return {
    scenario,
    file: `${scenario}-${run}.json.gz`,
    seed: run,
    verdict: 'pass',
    lost: 0,
    reordered: 0,
    unexcused: 0,
    throughputPerSec: 1000,
    p50: 2,
    p99: 8 + run,
    p999: 12,
    lagP99: 0.5,
    stealMax: 0.01,
    faults: [{ id: 'dies', description: 'redis-1 killed', recoveryMs: 4000 * run, unavailableMs: 1500 * run }],
    ...changes,
  };
}

function table(rows: readonly Figures[]): string {
  const { versions, machine } = sampleRun('x', 1);
  const conditions = rows.map(() => ({ versions, machine, commit: null }));
  return evidenceTable({
    title: 'failover',
    command: 'npm run evidence -- scenarios/failover 2',
    figures: rows,
    conditions,
  });
}

describe('evidenceTable', () => {
  it('has a row for each run and a median for each scenario that ran several times', () => {
    const text = table([
      figures('killed', 1),
      figures('frozen', 1),
      figures('killed', 2, { verdict: 'fail', lost: 7 }),
    ]);
    expect(text).toContain('# failover: 3 runs');
    expect(text).toContain(
      '| [killed-2.json.gz](killed-2.json.gz) | 2 | fail | 7 | 0 | 0 | 1000 | 2.00 | 10.00 | 12.00 | 0.50 | 0.01 |',
    );
    expect(text).toContain('| **median of killed** |  |  | 4 | 0 | 0 | 1000 | 2.00 | 9.50 | 12.00 | 0.50 | 0.01 |');
    expect(text).not.toContain('median of frozen');
  });

  it('tells of each fault how long recovery took and how long nothing was done', () => {
    const text = table([figures('killed', 1), figures('frozen', 1), figures('killed', 2)]);
    expect(text).toContain('| killed | dies | redis-1 killed | 6.0, 8.0 | 2.3, 3.0 |');
    expect(text).toContain('| frozen | dies | redis-1 killed | 4.0 | 1.5 |');
  });

  it('does not hide a fault after which nothing recovered, nor a latency that could not be measured', () => {
    const never = [{ id: 'dies', description: 'redis-1 killed', recoveryMs: null, unavailableMs: 9000 }];
    const text = table([figures('killed', 1), figures('killed', 2, { faults: never, p99: null })]);
    expect(text).toContain('| killed | dies | redis-1 killed | never, never | 5.3, 9.0 |');
    expect(text).toContain('| **median of killed** |  |  | 0 | 0 | 0 | 1000 | 2.00 | - | 12.00 |');
  });

  it('has no table of faults where there were none', () => {
    expect(table([figures('steady', 1, { faults: [] })])).not.toContain('| fault |');
  });
});
