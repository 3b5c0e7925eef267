import { describe, expect, it } from 'vitest';
import { instrumentProblems, QUIET_INSTRUMENT } from '../../../../harness/gates/instrument.js';
import { checkRun } from '../../../../harness/ledger/checker.js';
import { faultAt, judge } from '../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec, type MessageStory, START_NS } from '../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const at = (ms: number) => START_NS + ms * 1e6;

/** 4 s at 250/s, nothing wrong. */
function check(spec: Partial<HistorySpec> = {}) {
  const plan = constantPlan({ ratePerSec: 250, phases: [{ name: 'steady', durationMs: 4000 }] });
  return checkRun(buildHistory({ dir: folder(), plan, ...spec }));
}

/** Due in [from, until): handled at `until`. */
function frozen(fromMs: number, untilMs: number) {
  return (_: number, healthy: MessageStory): MessageStory => {
    const dueMs = healthy.sentMs as number;
    if (dueMs < fromMs || dueMs >= untilMs) return healthy;
    return { ...healthy, handlings: [{ consumer: '0.0', startMs: untilMs, endMs: untilMs + 0.1 }] };
  };
}

const lossy = (...lost: number[]) => ({
  story: (ordinal: number, healthy: MessageStory) => (lost.includes(ordinal) ? { ...healthy, handlings: [] } : healthy),
});

describe('evaluateGates', () => {
  it('passes a healthy run, with margin, interval and samples', () => {
    const { gates, verdict, reason, problems } = judge(check(), [
      'lost == 0',
      'delivered >= 99.9%',
      'latency.p99 < 10ms',
    ]);
    expect({ verdict, reason, problems }).toEqual({ verdict: 'pass', reason: 'All 3 gates passed.', problems: [] });
    expect(gates[1]).toEqual({
      expression: 'delivered >= 99.9%',
      metric: 'delivered',
      scope: '',
      implicit: false,
      verdict: 'pass',
      observed: 1,
      limit: 0.999,
      operator: '>=',
      unit: 'share',
      margin: expect.closeTo(0.001, 9),
      interval: [expect.closeTo(0.05 ** (1 / 1000), 9), 1],
      confidence: 0.95,
      samples: 1000,
      note: null,
      repeats: [1],
    });
    expect(gates[2]).toMatchObject({ observed: expect.closeTo(2, 2), margin: expect.closeTo(8, 2), unit: 'ms' });
    expect(gates[2]?.interval?.[0]).toBeCloseTo(2, 1);
  });

  it('fails on what was observed, and says by how much', () => {
    const { gates, verdict, reason } = judge(check(lossy(5, 6, 7)), ['lost == 0', 'lost <= 0.1%', 'lost <= 0.3%']);
    expect(verdict).toBe('fail');
    expect(reason).toBe('lost == 0 failed: observed 3 (and 1 more gate).');
    expect(gates.map((gate) => [gate.verdict, gate.observed, gate.margin])).toEqual([
      ['fail', 3, -3],
      ['fail', 0.003, expect.closeTo(-0.002, 9)],
      ['pass', 0.003, 0],
    ]);
  });

  it('decides on the bound where confidence is asked for', () => {
    const expressions = [
      'delivered >= 99.6%',
      'delivered >= 99.6% with confidence 95%',
      'delivered >= 99.8% with confidence 95%',
    ];
    const { gates } = judge(check(), expressions);
    expect(gates.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'fail']);
    expect(gates[2]).toMatchObject({ observed: 1, confidence: 0.95 });
    const slow = check({ story: frozen(1000, 1009) });
    expect(judge(slow, ['latency.p99 < 5ms']).verdict).toBe('pass');
    expect(judge(slow, ['latency.p99.8 < 5ms with confidence 95%']).verdict).toBe('fail');
    const short = constantPlan({ ratePerSec: 250, phases: [{ name: 'steady', durationMs: 1000 }] });
    const [gate] = judge(check({ plan: short }), ['latency.p99 < 5ms with confidence 95%']).gates;
    expect(gate).toMatchObject({ verdict: 'inconclusive', obstacle: 'no-interval', interval: null });
  });

  it('fails gates without samples, and counts without an accepted message', () => {
    const nothing = check({
      story: (ordinal) => ({ sentMs: ordinal * 4, outcomes: [{ kind: 'rejected', ms: 4001 }] }),
    });
    const { gates, reason } = judge(nothing, ['lost == 0', 'latency.p99 < 10ms', 'delivered >= 99%']);
    expect(gates.map(({ verdict, observed, note }) => [verdict, observed, note])).toEqual(
      Array(3).fill(['fail', null, 'nothing to judge by: no samples in scope']),
    );
    expect(reason).toBe('lost == 0 failed: no samples (and 2 more gates).');
  });

  it('is inconclusive when the generator fell behind, a fault did not take hold or the ledger is damaged', () => {
    const behind = check({
      story: (ordinal, healthy) => {
        const dueMs = healthy.sentMs as number;
        if (dueMs < 1000 || dueMs >= 2500) return healthy;
        const sentMs = 2499 + ordinal * 1e-3;
        return {
          ...healthy,
          sentMs,
          outcomes: [{ kind: 'accepted', ms: 2502 }],
          handlings: [{ consumer: '0.0', startMs: 2503, endMs: 2504 }],
        };
      },
    });
    expect(judge(behind, ['lost == 0'])).toMatchObject({
      verdict: 'inconclusive',
      reason: 'the generator fell behind in 1 s: 0.0 % of the planned rate in second 1.',
    });
    const idle = { ...faultAt('cut', 1000), tookHold: false, observed: 'PING took 0.2 ms' };
    expect(judge(check({ overrides: { faults: [idle] } }), ['lost == 0'])).toMatchObject({
      verdict: 'inconclusive',
      reason: 'the fault cut did not take hold: PING took 0.2 ms.',
    });
    const early = check({
      story: (ordinal, healthy) =>
        ordinal === 9 ? { ...healthy, handlings: [{ consumer: '0.0', startMs: 30, endMs: 31 }] } : healthy,
    });
    expect(judge(early, ['lost == 0'])).toMatchObject({ verdict: 'inconclusive', gates: [{ verdict: 'pass' }] });
  });

  it('is inconclusive on what comes after a fault that never came', () => {
    const observed = 'not injected: no such node';
    const absent = { ...faultAt('cut', 1000), injectedNs: undefined, tookHold: false, observed };
    const run = check({ ...lossy(700), overrides: { faults: [absent] } });
    const gates = [
      'recovery < 1s after cut',
      'unavailable < 1s after cut',
      'lost == 0 after cut',
      'latency.p99 < 1s after cut',
      'moves >= 1 after cut',
      'crashed == 0 after cut',
    ];
    for (const gate of gates) {
      expect(judge(run, [gate]), gate).toMatchObject({
        verdict: 'inconclusive',
        reason: `the fault cut did not take hold: ${observed}.`,
        gates: [
          {
            verdict: 'inconclusive',
            note: expect.stringContaining(`the fault cut was never injected: ${observed}`),
            obstacle: 'absent-fault',
          },
        ],
      });
    }
    expect(judge(run, [...gates, 'lost == 0']).verdict).toBe('fail');
  });

  it('tells a fault without effect from one that left nothing to judge by', () => {
    const late = faultAt('cut', 3900);
    const idle = { ...late, tookHold: false, observed: 'PING took 0.2 ms' };
    const [felt] = judge(check({ overrides: { faults: [late] } }), ['recovery < 1s after cut']).gates;
    expect(felt).toMatchObject({ verdict: 'fail', note: expect.stringContaining('no samples in scope') });
    const [unfelt] = judge(check({ overrides: { faults: [idle] } }), ['recovery < 1s after cut']).gates;
    expect(unfelt).toMatchObject({
      verdict: 'inconclusive',
      note: expect.stringContaining('the fault cut did not take hold: PING took 0.2 ms'),
    });
  });

  it('trusts no failure on a damaged ledger, but a crash', () => {
    const crashes = [
      {
        role: 'consumer',
        worker: 0,
        incarnation: 0,
        atNs: at(2000),
        cause: 'signal',
        detail: 'ended by SIGSEGV',
      } as const,
    ];
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 8) return { ...healthy, handlings: [] };
        return ordinal === 9 ? { ...healthy, handlings: [{ consumer: '0.0', startMs: 30, endMs: 31 }] } : healthy;
      },
      overrides: { crashes },
    });
    const damaged = { observed: 1, obstacle: 'damaged-ledger' };
    expect(judge(run, ['lost == 0'])).toMatchObject({ verdict: 'inconclusive', gates: [damaged] });
    expect(judge(run, ['crashed == 0'])).toMatchObject({
      verdict: 'fail',
      gates: [{ observed: 1, note: 'consumer-1: ended by SIGSEGV' }],
    });
  });

  it('merges fail before inconclusive before pass', () => {
    const reading = { outsideSignals: ['consumer-1 was ended by SIGTERM from outside'] };
    expect(judge(check(), ['lost == 0'], reading).verdict).toBe('inconclusive');
    expect(judge(check(lossy(1)), ['lost == 0'], reading).verdict).toBe('fail');
    expect(judge(check(), ['lost == 0']).verdict).toBe('pass');
  });

  it('names every trouble of the instrument', () => {
    const reading = {
      ...QUIET_INSTRUMENT,
      outsideSignals: ['a signal'],
      clockJumps: ['the wall clock jumped by 700 ms'],
      stoppedDraining: 'the consumer could not start',
    };
    expect(instrumentProblems(check(), reading)).toEqual([
      'the harness stopped draining: the consumer could not start',
      'a signal',
      'the wall clock jumped by 700 ms',
    ]);
  });
});

describe('a disturbed machine', () => {
  const run = () => check({ story: frozen(2000, 2100) });
  const gates = ['latency.p99 < 10ms'];

  it('excuses a latency that is good without the stalled intervals', () => {
    expect(judge(run(), gates).verdict).toBe('fail');
    const excused = judge(run(), gates, { stalls: [{ fromNs: at(2000), untilNs: at(2100) }] });
    const open = { verdict: 'inconclusive', obstacle: 'disturbed-machine' };
    expect(excused).toMatchObject({ verdict: 'inconclusive', gates: [open] });
    expect(excused.gates[0]?.note).toBe('passes without 2.5 % of its time in which the machine was disturbed');
    const stolen = judge(run(), gates, { steal: [{ fromNs: at(2000), untilNs: at(2100), share: 0.06 }] });
    expect(stolen.verdict).toBe('inconclusive');
  });

  it('excuses nothing when the disturbance was small or elsewhere', () => {
    const short = judge(run(), gates, { stalls: [{ fromNs: at(2000), untilNs: at(2005) }] });
    expect(short.verdict).toBe('fail');
    expect(judge(run(), gates, { steal: [{ fromNs: at(2000), untilNs: at(2100), share: 0.05 }] }).verdict).toBe('fail');
    const elsewhere = judge(run(), gates, { stalls: [{ fromNs: at(3000), untilNs: at(3100) }] });
    expect(elsewhere.gates[0]).toMatchObject({
      verdict: 'fail',
      note: 'fails also without 2.5 % of its time in which the machine was disturbed',
    });
  });

  it('leaves nothing to judge when more than half the time was disturbed', () => {
    const half = judge(run(), gates, { stalls: [{ fromNs: at(0), untilNs: at(2001) }] });
    expect(half.gates[0]).toMatchObject({
      verdict: 'inconclusive',
      note: 'the machine was disturbed for 52.5 % of its time',
      obstacle: 'disturbed-machine',
    });
  });

  it('excuses throughput and recovery in the same way, and nothing else', () => {
    const stalls = [{ fromNs: at(2000), untilNs: at(2100) }];
    const lost = check(lossy(...Array.from({ length: 25 }, (_, i) => 500 + i)));
    expect(judge(lost, ['throughput >= 249/s']).verdict).toBe('fail');
    expect(judge(lost, ['throughput >= 249/s'], { stalls }).verdict).toBe('inconclusive');
    expect(judge(lost, ['lost == 0'], { stalls }).verdict).toBe('fail');
    expect(judge(lost, ['availability == 100%'], { stalls }).verdict).toBe('pass');
    const faulted = check({ story: frozen(900, 1100), overrides: { faults: [faultAt('cut', 900, 950)] } });
    const recovery = ['recovery < 500ms after cut'];
    expect(judge(faulted, recovery).verdict).toBe('fail');
    const excused = judge(faulted, recovery, { stalls: [{ fromNs: at(900), untilNs: at(1100) }] });
    expect(excused.verdict).toBe('inconclusive');
  });
});
