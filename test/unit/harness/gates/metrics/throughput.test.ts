import { describe, expect, it } from 'vitest';
import { findMetric } from '../../../../../harness/gates/registry.js';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { faultAt, measure } from '../../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { parsedScenario } from '../../../../fixtures/parsed-scenario.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const phases = [
  { name: 'warmup', durationMs: 1000, measure: false },
  { name: 'steady', durationMs: 4000 },
  { name: 'after', durationMs: 5000 },
];

function check(spec: Partial<HistorySpec> = {}) {
  return checkRun(buildHistory({ dir: folder(), plan: constantPlan({ ratePerSec: 100, phases }), ...spec }));
}

describe('throughput', () => {
  it('is what a phase intended and got by its end + 1 s, by its duration', () => {
    const run = check({
      story: (ordinal, healthy) => {
        const lateMs = { 100: 5999, 101: 6001 }[ordinal];
        if (lateMs === undefined) return healthy;
        return { ...healthy, handlings: [{ consumer: '0.0', startMs: lateMs - 1, endMs: lateMs }] };
      },
    });
    expect(measure(run, 'throughput >= 1/s during steady')).toMatchObject({ value: 399 / 4, samples: 400 });
    expect(measure(run, 'throughput >= 1/s during after').value).toBe(100);
    expect(measure(run, 'throughput >= 1/s').value).toBeCloseTo(899 / 9, 9);
    expect(measure(run, 'throughput >= 1/s during warmup').value).toBe(100);
    expect(measure(run, 'throughput >= 1/s overall').value).toBeCloseTo(99.9, 9);
  });

  it('looks after a fault, or outside of faults, where asked', () => {
    const run = check({
      story: (ordinal, healthy) => (ordinal >= 200 && ordinal < 300 ? { ...healthy, handlings: [] } : healthy),
      overrides: { faults: [faultAt('cut', 2500, 3000)] },
    });
    expect(measure(run, 'throughput >= 1/s after cut')).toMatchObject({ value: 700 / 7.5, samples: 750 });
    // Measured from 1 s on, without 1.5 s to 8 s.
    expect(measure(run, 'throughput >= 1/s outside faults')).toMatchObject({ value: 100, samples: 250 });
  });

  it('has bounds around it that tell steady from shaky seconds', () => {
    expect(measure(check(), 'throughput >= 1/s').interval).toEqual([100, 100]);
    const shaky = check({
      story: (ordinal, healthy) => (Math.floor(ordinal / 100) % 2 === 0 ? { ...healthy, handlings: [] } : healthy),
    });
    const { value, interval } = measure(shaky, 'throughput >= 1/s');
    expect(value).toBeCloseTo(500 / 9, 9);
    expect(interval?.[0]).toBeLessThan(value - 10);
    expect(interval?.[1]).toBeGreaterThan(value + 10);
  });
});

describe('goodput', () => {
  const goodput = findMetric('goodput');
  const of = (run: ReturnType<typeof check>, deadlineMs: number) => {
    const scenario = parsedScenario({ gates: ['goodput >= 1/s'], deadlineMs });
    return goodput?.measure({ run, scenario, gate: scenario.gates[0]!, without: [] });
  };

  it('is what was done within its deadline, by the time in which it was due', () => {
    // Of every hundred messages ten are done 50 ms after they were due, five never, the others after 2 ms.
    const run = check({
      story: (ordinal, healthy) => {
        const dueMs = healthy.sentMs as number;
        if (ordinal % 100 < 5) return { ...healthy, handlings: [] };
        if (ordinal % 100 >= 15) return healthy;
        return { ...healthy, handlings: [{ consumer: '0.0', startMs: dueMs + 1, endMs: dueMs + 50 }] };
      },
    });
    expect(of(run, 51)).toMatchObject({ value: 95, samples: 900 });
    expect(of(run, 49)).toMatchObject({ value: 85, samples: 900 });
    expect(of(run, 49)?.interval?.[0]).toBeCloseTo(85, 9);
    expect(of(check(), 49)?.value).toBe(100);
  });

  it('is refused without a deadline', () => {
    expect(goodput?.refuse?.(parsedScenario())).toMatch(/no deadline; add one, such as load: .* 500ms/);
    expect(goodput?.refuse?.(parsedScenario({ deadlineMs: 50 }))).toBeUndefined();
  });
});
