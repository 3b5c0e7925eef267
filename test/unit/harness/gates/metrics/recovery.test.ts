import { describe, expect, it } from 'vitest';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { faultAt, judge, measure } from '../../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec, type MessageStory } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

/** 12 s at 200/s; the fault comes at 2.5 s. */
function check(spec: Partial<HistorySpec> = {}, ratePerSec = 200) {
  const plan = constantPlan({ ratePerSec, phases: [{ name: 'steady', durationMs: 12_000 }] });
  return checkRun(buildHistory({ dir: folder(), plan, overrides: { faults: [faultAt('cut', 2500, 4000)] }, ...spec }));
}

/** What is due in [from, until) is handled at `until` only. */
function frozen(...freezes: (readonly [fromMs: number, untilMs: number])[]) {
  return (_: number, healthy: MessageStory): MessageStory => {
    const dueMs = healthy.sentMs as number;
    const freeze = freezes.find(([fromMs, untilMs]) => dueMs >= fromMs && dueMs < untilMs);
    if (!freeze) return healthy;
    return { ...healthy, handlings: [{ consumer: '0.0', startMs: freeze[1], endMs: freeze[1] + 0.1 }] };
  };
}

describe('recovery', () => {
  it('is nothing when the fault was not felt', () => {
    expect(measure(check(), 'recovery < 5s after cut')).toMatchObject({ value: 0, samples: 3 });
  });

  it('is the start of the first of three good windows, aligned to the injection', () => {
    const run = check({ story: frozen([2500, 4600]) });
    expect(measure(run, 'recovery < 5s after cut').value).toBe(3000);
    expect(measure(check({ story: frozen([2500, 4540]) }), 'recovery < 5s after cut').value).toBe(2000);
    expect(measure(check({ story: frozen([2500, 4000], [6000, 6200]) }), 'recovery < 5s after cut').value).toBe(4000);
  });

  it('forgives a twentieth of a window, and counts rejected and indeterminate messages as missed', () => {
    const missed = (share: number, outcome: 'rejected' | 'indeterminate') =>
      check({
        story: (ordinal, healthy) => {
          const dueMs = healthy.sentMs as number;
          if (dueMs < 2500 || dueMs >= 3500 || ordinal % 100 >= share * 100) return healthy;
          return {
            ...healthy,
            outcomes: [{ kind: outcome, ms: dueMs + 1 }],
            handlings: outcome === 'rejected' ? [] : (healthy.handlings ?? []),
          };
        },
      });
    expect(measure(missed(0.05, 'rejected'), 'recovery < 5s after cut').value).toBe(0);
    expect(measure(missed(0.06, 'rejected'), 'recovery < 5s after cut').value).toBe(1000);
    expect(measure(missed(0.06, 'indeterminate'), 'recovery < 5s after cut').value).toBe(1000);
  });

  it('never comes when the load ends first, and fails then', () => {
    const run = check({ story: frozen([2500, 10_000]) });
    expect(measure(run, 'recovery < 5s after cut').value).toBe(Infinity);
    expect(judge(run, ['recovery < 60s after cut'])).toMatchObject({
      verdict: 'fail',
      gates: [{ verdict: 'fail', observed: null, margin: null }],
    });
  });

  it('takes longer windows where a second holds fewer than 100 messages', () => {
    const run = check({ story: frozen([2500, 3200]) }, 40);
    // 40/s make windows of 3 s: 2.5, 5.5 and 8.5 s, then the load ends at 12 s.
    expect(measure(run, 'recovery < 5s after cut')).toMatchObject({ value: Infinity, samples: 3 });
    expect(measure(check({}, 40), 'recovery < 5s after cut')).toMatchObject({ value: 0, samples: 3 });
  });

  it('measures against the latency gate, else twice the p99 before any fault, at least 10 ms', () => {
    const slow = check({
      story: (_, healthy) => {
        const dueMs = healthy.sentMs as number;
        const takesMs = dueMs < 2500 ? 20 : 35;
        return { ...healthy, handlings: [{ consumer: '0.0', startMs: dueMs + 1, endMs: dueMs + takesMs }] };
      },
    });
    expect(measure(slow, 'recovery < 5s after cut')).toMatchObject({
      value: 0,
      note: 'recovered means done within 40.03 ms',
    });
    expect(measure(slow, 'recovery < 5s after cut', ['latency.p99 < 30ms']).value).toBe(Infinity);
    expect(measure(slow, 'recovery < 5s after cut', ['latency.p99 < 30ms', 'latency.done.p99 < 36ms']).value).toBe(0);
    expect(measure(check(), 'recovery < 5s after cut').note).toBe('recovered means done within 10.00 ms');
  });

  it('takes its limit from the gate that says most about a healthy delivery, wherever it stands', () => {
    const plan = constantPlan({
      ratePerSec: 200,
      phases: [
        { name: 'steady', durationMs: 2000 },
        { name: 'broken', durationMs: 10_000 },
      ],
    });
    const run = check({ plan });
    const limitOf = (...gates: string[]) => /within ([\d.]+) ms(?:, as in (.*))?/.exec(noteOf(run, gates))?.slice(1);
    const noteOf = (of: typeof run, gates: string[]) => measure(of, 'recovery < 5s after cut', gates).note ?? '';
    expect(limitOf('latency.publish.p99 < 5ms', 'latency.p99 < 25ms')).toEqual(['25.00', 'latency.p99 < 25ms']);
    expect(limitOf('latency.publish.p99 < 5ms')).toEqual(['10.00', undefined]);
    expect(limitOf('latency.p99 > 5ms', 'instrument.lag.max < 2ms')?.[0]).toBe('10.00');
    expect(limitOf('latency.p99 < 25ms', 'latency.done.p50 < 40ms')?.[0]).toBe('40.00');
    expect(limitOf('latency.p99 < 500ms during broken', 'latency.p90 < 25ms during steady')?.[0]).toBe('25.00');
    expect(limitOf('latency.p99 < 500ms', 'latency.p90 < 25ms outside faults')?.[0]).toBe('25.00');
    expect(limitOf('latency.p50 < 5ms', 'latency.p99 < 25ms', 'latency.p90 < 15ms')?.[0]).toBe('25.00');
    expect(limitOf('latency.max < 1s', 'latency.p99.9 < 100ms')?.[0]).toBe('100.0');
    expect(limitOf('latency.p99.9 < 100ms', 'latency.p50 < 5ms')?.[0]).toBe('5.000');
    expect(limitOf('latency.max < 1s')?.[0]).toBe('1000');
    expect(limitOf('latency.p99 < 30ms', 'latency.p99 < 20ms')?.[0]).toBe('30.00');
  });

  it('is the worst of a repeated fault, and has no samples without an injection', () => {
    const run = check({
      story: frozen([2500, 3000], [6000, 7100]),
      overrides: { faults: [faultAt('cut', 2500, 3000), faultAt('cut#2', 6000, 7000)] },
    });
    expect(measure(run, 'recovery < 5s after cut').value).toBe(4500 + 500);
    const never = check({ overrides: { faults: [{ ...faultAt('cut', 0), injectedNs: undefined }] } });
    expect(measure(never, 'recovery < 5s after cut').samples).toBe(0);
  });

  it('counts from the lifting where the gate says so', () => {
    const run = check({ story: frozen([2500, 4600]) });
    // Lifted at 4 s: what was due until 4.6 s was late.
    expect(measure(run, 'recovery < 5s after cut lifted').value).toBe(1000);
    expect(measure(run, 'unavailable < 5s after cut lifted').value).toBeCloseTo(600.1, 6);
    const unlifted = check({ overrides: { faults: [faultAt('cut', 2500)] } });
    expect(judge(unlifted, ['recovery < 5s after cut lifted'])).toMatchObject({
      verdict: 'inconclusive',
      gates: [{ note: expect.stringContaining('the fault cut was never lifted') }],
    });
  });
});

describe('unavailable', () => {
  it('is the longest gap between first successes after the injection', () => {
    const run = check({ story: frozen([500, 2400], [3000, 4200], [6000, 6400]) });
    // The message due at 3 s is the first that waits, until 4.2001 s.
    expect(measure(run, 'unavailable < 5s after cut').value).toBeCloseTo(4200.1 - 3000, 6);
  });

  it('does not count a pause of the load, and counts rejected messages as due', () => {
    const plan = constantPlan({ ratePerSec: 200, phases: [{ name: 'steady', durationMs: 12_000 }] });
    for (let i = 800; i < plan.count; i++) plan.intendedNs[i] = (plan.intendedNs[i] as number) + 4e9;
    const paused = { ...plan, endNs: 16e9 };
    expect(measure(check({ plan: paused }), 'unavailable < 5s after cut').value).toBeCloseTo(3, 6);
    const refused = check({
      story: (_, healthy) => {
        const dueMs = healthy.sentMs as number;
        if (dueMs < 5000 || dueMs >= 7000) return healthy;
        return { sentMs: dueMs, outcomes: [{ kind: 'rejected', ms: dueMs + 1 }] };
      },
    });
    expect(measure(refused, 'unavailable < 5s after cut').value).toBeCloseTo(2003, 6);
  });

  it('ends with the load when nothing came back', () => {
    const run = check({ story: frozen([5000, 20_000]) });
    expect(measure(run, 'unavailable < 5s after cut').value).toBeCloseTo(12_000 - 5000, 6);
  });
});
