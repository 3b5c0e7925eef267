import { describe, expect, it } from 'vitest';
import { findMetric, METRICS } from '../../../../../harness/gates/registry.js';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { faultAt, measure } from '../../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec, START_NS } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { parsedScenario } from '../../../../fixtures/parsed-scenario.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const phases = [
  { name: 'warmup', durationMs: 2000, measure: false },
  { name: 'steady', durationMs: 8000 },
  { name: 'late', durationMs: 8000 },
];

/** 18 s at 50/s. The fault is in force from 4 s to 5 s. */
function check(spec: Partial<HistorySpec> = {}) {
  const plan = constantPlan({ ratePerSec: 50, phases });
  return checkRun(buildHistory({ dir: folder(), plan, overrides: { faults: [faultAt('cut', 4000, 5000)] }, ...spec }));
}

/** Ordinals by the second in which they are due. */
const secondOf = (ordinal: number) => Math.floor(ordinal / 50);

describe('scopes of counts', () => {
  const run = check({
    story: (ordinal, healthy) => (ordinal % 50 === 0 ? { ...healthy, handlings: [] } : healthy),
  });

  it('is everything by default, unmeasured phases included', () => {
    expect(measure(run, 'lost == 0')).toMatchObject({ value: 18, samples: 900 });
    expect(measure(run, 'lost == 0 overall')).toMatchObject({ value: 18, samples: 900 });
    expect(measure(run, 'lost <= 1%').value).toBeCloseTo(0.02, 9);
  });

  it('is a phase, what is outside of faults, or what was unsettled when a fault came', () => {
    expect(measure(run, 'lost == 0 during warmup')).toMatchObject({ value: 2, samples: 100 });
    expect(measure(run, 'lost == 0 during warmup, late')).toMatchObject({ value: 10, samples: 500 });
    // Without 3 s to 10 s.
    expect(measure(run, 'lost == 0 outside faults')).toMatchObject({ value: 11, samples: 550 });
    // Due from 4 s on, and the four before it that were never handled.
    expect(measure(run, 'lost == 0 after cut')).toMatchObject({ value: 18, samples: 704 });
  });
});

describe('scopes of shares and events', () => {
  it('takes availability over measured phases, or where the gate says', () => {
    const run = check({
      story: (ordinal, healthy) => {
        const second = secondOf(ordinal);
        return second < 1 || second === 4 || second === 12 ? {} : healthy;
      },
    });
    expect(measure(run, 'availability == 100%').value).toBeCloseTo(700 / 800, 9);
    expect(measure(run, 'availability == 100% outside faults')).toMatchObject({ value: 400 / 450, samples: 450 });
    expect(measure(run, 'availability == 100% during warmup').value).toBe(0.5);
    expect(measure(run, 'availability == 100% overall').value).toBeCloseTo(750 / 900, 9);
  });

  it('leaves withheld messages out of offered and availability', () => {
    const kill = {
      role: 'producer',
      worker: 0,
      incarnation: 0,
      kind: 'killed',
      fromNs: START_NS + 6e9,
      untilNs: START_NS + 7e9,
    } as const;
    const run = check({
      story: (ordinal, healthy) => {
        const second = secondOf(ordinal);
        if (second === 6) return {};
        return second > 6 ? { ...healthy, incarnation: 1 } : healthy;
      },
      killed: { 'producer-0.0': 6000 },
      overrides: { incidents: [kill] },
    });
    expect(measure(run, 'offered >= 1').value).toBe(850);
    expect(measure(run, 'availability == 100%')).toMatchObject({ value: 1, samples: 750 });
  });

  it('dates crashes and moves by their own time', () => {
    const crash = (ms: number) =>
      ({
        role: 'consumer',
        worker: 0,
        incarnation: 0,
        atNs: START_NS + ms * 1e6,
        cause: 'error',
        detail: 'driver error',
      }) as const;
    const run = check({ overrides: { crashes: [crash(1000), crash(9000)], faults: [faultAt('cut', 4000)] } });
    expect(measure(run, 'crashed == 0').value).toBe(2);
    expect(measure(run, 'crashed == 0 during steady').value).toBe(1);
    expect(measure(run, 'crashed == 0 after cut').value).toBe(1);
    const moving = check({
      story: (ordinal, healthy) => {
        const [handling] = healthy.handlings ?? [];
        const second = secondOf(ordinal);
        return handling ? { ...healthy, handlings: [{ ...handling, consumer: second < 9 ? '0.0' : '1.0' }] } : healthy;
      },
    });
    expect(measure(moving, 'moves <= 1').value).toBe(8);
    expect(measure(moving, 'moves <= 1 during steady').value).toBe(8);
    expect(measure(moving, 'moves <= 1 during late').value).toBe(0);
    expect(measure(moving, 'moves <= 1 after cut').value).toBe(8);
  });
});

describe('handling', () => {
  it('measures retries, amplification and fairness', () => {
    const run = check({
      story: (ordinal, healthy) => {
        const [handling] = healthy.handlings ?? [];
        if (!handling) return healthy;
        if (ordinal % 10 === 3) return { ...healthy, handlings: [] };
        if (ordinal % 10 !== 4) return healthy;
        const failed = { ...handling, failed: true };
        return {
          ...healthy,
          handlings: [failed, { ...handling, startMs: handling.startMs + 1, endMs: handling.startMs + 2 }],
        };
      },
    });
    expect(measure(run, 'retries <= 0').value).toBe(90);
    expect(measure(run, 'amplification <= 1.5')).toMatchObject({ value: 900 / 810, samples: 810 });
    // One of ten keys gets nothing: 9^2 / (10 * 9).
    expect(measure(run, 'fairness >= 0.95')).toMatchObject({ value: expect.closeTo(0.9, 9), samples: 10 });
    expect(measure(check(), 'fairness >= 0.95').value).toBeCloseTo(1, 9);
  });
});

describe('fairness among the consumers', () => {
  const gate = 'fairness.consumers >= 0.95';
  const readyFor = (workers: number, fromNs = Number.NEGATIVE_INFINITY) =>
    Array.from({ length: workers }, (_, worker) => ({ worker, fromNs, untilNs: Number.POSITIVE_INFINITY }));
  /** Everything is handled by these members of the first worker, turn by turn. */
  const among = (members: readonly number[], overrides: Partial<HistorySpec> = {}) =>
    check({
      consumers: 1,
      overrides: { consumers: readyFor(1) },
      story: (ordinal, healthy) => {
        const [handling] = healthy.handlings ?? [];
        if (!handling) return healthy;
        return { ...healthy, handlings: [{ ...handling, member: members[ordinal % members.length]! }] };
      },
      ...overrides,
    });

  it('is one where each member has as much to do as any other', () => {
    expect(measure(among([0, 1, 2, 3]), gate, [], 4)).toMatchObject({ value: expect.closeTo(1, 9), samples: 800 });
  });

  it('falls with those that have more to do, or nothing', () => {
    // 200, 200 and 400 of 800; a fourth member has none of them.
    const run = among([0, 1, 2, 2]);
    expect(measure(run, gate, [], 3).value).toBeCloseTo(800 ** 2 / (3 * (2 * 200 ** 2 + 400 ** 2)), 9);
    expect(measure(run, gate, [], 4).value).toBeCloseTo(800 ** 2 / (4 * (2 * 200 ** 2 + 400 ** 2)), 9);
    expect(measure(among([0]), gate, [], 4).value).toBeCloseTo(1 / 4, 9);
  });

  it('goes by the worker as well, by the phase, and by who began a message first', () => {
    const run = check({
      overrides: { consumers: readyFor(2) },
      story: (ordinal, healthy) => {
        const [handling] = healthy.handlings ?? [];
        if (!handling) return healthy;
        const first = { ...handling, consumer: secondOf(ordinal) < 10 ? `${ordinal % 2}.0` : '1.0', failed: true };
        const again = {
          ...first,
          consumer: '0.0',
          startMs: first.startMs + 2,
          endMs: first.startMs + 3,
          failed: false,
        };
        return { ...healthy, handlings: [first, again] };
      },
    });
    expect(measure(run, `${gate} during steady`)).toMatchObject({ value: expect.closeTo(1, 9), samples: 400 });
    expect(measure(run, `${gate} during late`)).toMatchObject({ value: 0.5, samples: 400 });
  });

  it('goes over those that were there all the time, and over nobody where none was', () => {
    const { history } = check({ overrides: { consumers: readyFor(2) } });
    const { plan, startNs } = history;
    const [, steady] = plan.phases;
    const joining = (fromNs: number) => {
      const consumers = [...readyFor(1), { worker: 1, fromNs: startNs + fromNs, untilNs: Number.POSITIVE_INFINITY }];
      return checkRun({ ...history, consumers });
    };
    const all = measure(checkRun(history), gate).samples;
    const late = measure(joining(steady!.startNs + 1), gate);
    expect(late.value).toBeCloseTo(1, 9);
    expect(late.samples).toBeLessThan(all);
    expect(measure(joining(0), gate).samples).toBe(all);
    expect(measure(checkRun({ ...history, consumers: [] }), gate)).toMatchObject({ value: 0, samples: 0 });
  });

  it('leaves out the fresh consumer of the drain, and has nothing to say of no message', () => {
    const { history } = among([0]);
    const fresh = checkRun({ ...history, files: history.files.map((file) => ({ ...file, fresh: true })) });
    expect(measure(fresh, gate)).toMatchObject({ samples: 0 });
    expect(measure(check({ story: (_, healthy) => ({ ...healthy, handlings: [] }) }), gate)).toMatchObject({
      value: 0,
      samples: 0,
    });
  });
});

describe('the registry', () => {
  it('finds every metric by its name, and any percentile', () => {
    for (const { name } of METRICS) {
      if (!name.includes('*')) expect(findMetric(name)?.name).toBe(name);
    }
    expect(findMetric('latency.p99.9')).toMatchObject({ name: 'latency.p99.9', unit: 'ms', family: 'rate' });
    expect(findMetric('latency.publish.p50')).toBeDefined();
    for (const wrong of ['latency.p*', 'latency.p100', 'latency.p0', 'latency', 'latency.p', 'badput', 'foo.p99']) {
      expect(findMetric(wrong)).toBeUndefined();
    }
  });

  it('has one name for one metric, and an example that it can read', () => {
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
    for (const { example } of METRICS) {
      expect(parsedScenario({ gates: [example], faults: ['master-dies'] }).gates).toHaveLength(1);
    }
  });

  it('refuses what a scenario cannot measure', () => {
    const scenario = parsedScenario();
    const keyless = {
      ...scenario,
      load: { ...scenario.load, message: { ...scenario.load.message, keys: { kind: 'none' } as const } },
    };
    expect(findMetric('reordered')?.refuse?.(scenario)).toBeUndefined();
    expect(findMetric('reordered')?.refuse?.(keyless)).toMatch(/no keys/);
    expect(findMetric('fairness')?.refuse?.(keyless)).toMatch(/no keys/);
    expect(findMetric('recovery')?.refuse?.(scenario)).toMatch(/no faults/);
  });
});
