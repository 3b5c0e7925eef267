import { describe, expect, it } from 'vitest';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { describeRun } from '../../../../../harness/ledger/describe/describe-run.js';
import { renderOpenMetrics } from '../../../../../reports/openmetrics.js';
import { resultsSchema } from '../../../../../reports/results.js';
import { faultAt } from '../../../../fixtures/gate-run.js';
import { buildHistory, type HistorySpec, NONCE, START_NS } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { parsedScenario } from '../../../../fixtures/parsed-scenario.js';
import { sampleResults } from '../../../../fixtures/results.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const phases = [
  { name: 'warmup', durationMs: 1000, measure: false },
  { name: 'steady', durationMs: 4000 },
];

/** 5 s at 100/s. */
function describeSuch(spec: Partial<HistorySpec> = {}) {
  const plan = constantPlan({ ratePerSec: 100, phases });
  return describeRun(checkRun(buildHistory({ dir: folder(), plan, ...spec })), parsedScenario());
}

describe('describeRun', () => {
  it('fits the results schema', () => {
    const {
      ledger,
      overall,
      phases: own,
      faults,
      heatMap,
    } = describeSuch({ overrides: { faults: [faultAt('cut', 2000, 3000)] } });
    const { shape } = resultsSchema;
    expect(shape.ledger.parse(ledger)).toEqual(ledger);
    expect(shape.overall.parse(overall)).toEqual(overall);
    expect(shape.phases.parse(own)).toEqual(own);
    expect(shape.faults.parse(faults)).toEqual(faults);
    expect(shape.heatMap.parse(heatMap)).toEqual(heatMap);
  });

  it('describes a healthy run', () => {
    const { ledger, overall, phases: own, instrument } = describeSuch();
    expect(ledger.counts).toMatchObject({
      planned: { value: 500, share: null },
      offered: { value: 500 },
      accepted: { value: 500, share: 1 },
      delivered: { value: 500, share: 1 },
      lost: { value: 0, share: 0 },
      amplification: { value: 1, share: null },
    });
    expect(ledger.examples).toEqual({});
    expect(overall.e2e.summary).toMatchObject({ count: 400, p50: expect.closeTo(2, 2), max: expect.closeTo(2, 2) });
    expect(
      own.map(({ name, planned, accepted, throughputPerSec }) => [name, planned, accepted, throughputPerSec]),
    ).toEqual([
      ['warmup', 100, 100, 100],
      ['steady', 400, 400, 100],
    ]);
    expect(instrument).toMatchObject({ worstSecondShare: 1, lag: { summary: { count: 500, max: 0 } } });
  });

  it('says null where a latency is infinite', () => {
    const { overall } = describeSuch({
      story: (ordinal, healthy) => (ordinal % 10 === 0 ? { ...healthy, handlings: [] } : healthy),
    });
    expect(overall.e2e).toMatchObject({
      undelivered: 40,
      summary: { count: 400, p50: expect.closeTo(2, 2), p99: null, max: null },
    });
  });

  it('puts the outcomes into figures whose sums agree', () => {
    const { counts } = describeSuch({
      story: (ordinal, healthy) => {
        if (ordinal < 10) return {};
        if (ordinal < 30) return { sentMs: ordinal * 10, outcomes: [{ kind: 'rejected', ms: 400 }] };
        if (ordinal < 35) return { ...healthy, outcomes: [{ kind: 'indeterminate', ms: 400 }] };
        return ordinal < 40 ? { ...healthy, handlings: [] } : healthy;
      },
      overrides: {
        inventory: {
          stable: true,
          scans: 2,
          problem: undefined,
          items: [
            { ordinal: 36, place: 'dead-letters', copies: 1, corrupt: false },
            { ordinal: 37, place: 'quarantine', copies: 1, corrupt: false },
            { ordinal: 38, place: 'retry', copies: 2, corrupt: false },
          ],
        },
      },
    }).ledger;
    const value = (name: string) => counts[name]?.value ?? Number.NaN;
    expect(value('unsent') + value('rejected') + value('indeterminate') + value('accepted')).toBe(value('offered'));
    const fates = ['delivered', 'dead-lettered', 'quarantined', 'stranded', 'lost'];
    expect(fates.map(value)).toEqual([460, 1, 1, 1, 2]);
    expect(value('accepted')).toBe(465);
  });

  it('tells the story of a lost, a reordered and a foreign message', () => {
    const { examples } = describeSuch({
      story: (ordinal, healthy) => {
        if (ordinal === 120)
          return { ...healthy, handlings: [{ consumer: '1.0', startMs: 1202, endMs: 1210, failed: true }] };
        if (ordinal === 200) return { ...healthy, handlings: [{ consumer: '0.0', startMs: 2150, endMs: 2151 }] };
        return healthy;
      },
      foreign: [{ consumer: '0.0', startMs: 70, unexpected: 'foreign-nonce' }],
      overrides: { faults: [faultAt('cut', 1205, 1300), faultAt('other', 3000, 3100)] },
    }).ledger;
    expect(examples.lost).toEqual([
      {
        id: `${NONCE}-120`,
        ordinal: 120,
        key: 'k0',
        phase: 'steady',
        events: [
          { atMs: 1200, text: 'due' },
          { atMs: 1200, text: 'sent by producer-1' },
          { atMs: 1201, text: 'accepted' },
          { atMs: 1202, text: 'handling begun by consumer-2 (partition 0, attempt 1)' },
          { atMs: 1210, text: 'handling failed by consumer-2' },
        ],
        faults: ['cut'],
        latencyMs: null,
      },
    ]);
    expect(examples.reordered?.[0]?.latencyMs).toBeCloseTo(150, 6);
    expect(examples.reordered?.[0]?.events.map(({ text }) => text)).toContain(
      'message 210 of the same key, sent later, was handled',
    );
    expect(examples.unexpected).toEqual([
      {
        id: 'none of this run',
        ordinal: -1,
        key: null,
        phase: '',
        events: [{ atMs: 70, text: 'consumer-1: foreign-nonce' }],
        faults: [],
      },
    ]);
  });

  it('tells the stories of the slowest messages of each phase, which become exemplars of their buckets', () => {
    const delays: Readonly<Record<number, number>> = { 7: 40, 120: 30, 250: 300, 251: 700, 300: 30 };
    const described = describeSuch({
      story: (ordinal, healthy) => {
        const startMs = ordinal * 10 + (delays[ordinal] ?? 1.5);
        if (ordinal === 400) return { ...healthy, handlings: [] };
        return { ...healthy, handlings: [{ consumer: '0.0', startMs, endMs: startMs + 1 }] };
      },
    });
    const { slowest } = described.ledger;
    expect(slowest?.map(({ phase, ordinal }) => [phase, ordinal])).toEqual([
      ['warmup', 7],
      ['warmup', 0],
      ['warmup', 1],
      ['steady', 251],
      ['steady', 250],
      ['steady', 120],
    ]);
    expect(slowest?.[3]).toMatchObject({ latencyMs: expect.closeTo(700, 6), id: `${NONCE}-251` });
    expect(slowest?.[3]?.events.at(-1)?.text).toBe('handled by consumer-1');

    const { ledger, phases: own } = described;
    const metrics = renderOpenMetrics({ ...sampleResults(), ledger, phases: own });
    const exemplars = metrics.split('\n').filter((line) => line.includes(' # {message_id='));
    const found = exemplars.map((line) => /phase="(\w+)".*le="([\d.]+)".*message_id="\w+-(\d+)"/.exec(line)?.slice(1));
    expect(found).toEqual([
      ['warmup', '0.002', '0'],
      ['warmup', '0.05', '7'],
      ['steady', '0.05', '120'],
      ['steady', '0.5', '250'],
      ['steady', '1', '251'],
    ]);
  });

  it('makes a heat map of all that arrived', () => {
    const { heatMap } = describeSuch({
      story: (ordinal, healthy) => {
        if (ordinal === 400) return { ...healthy, handlings: [] };
        if (ordinal !== 250) return healthy;
        return { ...healthy, handlings: [{ consumer: '0.0', startMs: 2900, endMs: 2901 }] };
      },
    });
    expect(heatMap).toMatchObject({ intervalMs: 100, upToMs: expect.arrayContaining([2, 500]) });
    expect(heatMap?.upToMs.at(-1)).toBe(500);
    expect(heatMap?.atMs).toHaveLength(50);
    expect(heatMap?.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(499);
    const slow = heatMap?.counts.map((column) => column.at(-1));
    expect(slow?.flatMap((count, column) => (count === 1 ? [column] : []))).toEqual([25]);
    const low = heatMap?.counts[0]?.findIndex((count) => count > 0);
    expect(heatMap?.upToMs[low ?? -1]).toBeGreaterThanOrEqual(2);
  });

  it('makes no more than 300 columns of a long load', () => {
    const plan = constantPlan({ ratePerSec: 1, phases: [{ name: 'steady', durationMs: 95_000 }] });
    const { heatMap } = describeSuch({ plan });
    expect(heatMap?.intervalMs).toBe(400);
    expect(heatMap?.counts).toHaveLength(238);
    expect(heatMap?.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(95);
  });

  it('keeps 50 examples of a class', () => {
    const { ledger } = describeSuch({ story: (_, healthy) => ({ ...healthy, handlings: [] }) });
    expect(ledger.counts.lost).toEqual({ value: 500, share: 1 });
    expect(ledger.examples.lost).toHaveLength(50);
  });

  it('makes columns of 100 ms that add up, until the last message is handled', () => {
    const { series } = describeSuch({
      story: (ordinal, healthy) => {
        if (ordinal >= 200 && ordinal < 210)
          return { ...healthy, handlings: [{ consumer: '0.0', startMs: 5550, endMs: 5560 + ordinal / 100 }] };
        if (ordinal === 300) return { sentMs: 3000, outcomes: [{ kind: 'rejected', ms: 3001 }] };
        return healthy;
      },
    });
    const sum = (column: readonly number[]) => column.reduce((total, value) => total + value, 0);
    expect(series.atMs).toHaveLength(56);
    expect(series.atMs.slice(0, 3)).toEqual([0, 100, 200]);
    expect([series.offered, series.accepted, series.rejected, series.delivered].map(sum)).toEqual([500, 499, 1, 499]);
    expect(series.delivered[55]).toBe(10);
    expect(series.inFlight[40]).toBe(10);
    expect(series.inFlight.at(-1)).toBe(0);
    expect(series.max[20]).toBeCloseTo(5550 - 2000, 3);
    expect(series.p50[10]).toBeCloseTo(2, 6);
    expect(series.p99[55]).toBeNull();
    expect(series.lagMax[10]).toBe(0);
    const lengths = Object.values(series)
      .filter(Array.isArray)
      .map((column) => column.length);
    expect(new Set(lengths)).toEqual(new Set([56]));
  });

  it('times faults, with recovery and unavailability', () => {
    const never = { ...faultAt('never', 0), injectedNs: undefined, plannedNs: START_NS + 4e9, tookHold: false };
    const { faults } = describeSuch({
      story: (_, healthy) => {
        const dueMs = healthy.sentMs as number;
        if (dueMs < 1500 || dueMs >= 2200) return healthy;
        return { ...healthy, handlings: [{ consumer: '0.0', startMs: 2200, endMs: 2200.5 }] };
      },
      overrides: { faults: [faultAt('cut', 1500, 2000), never] },
    });
    expect(faults[0]).toMatchObject({ injectedMs: 1500, liftedMs: 2000, recoveryMs: null, unavailableMs: 700.5 });
    expect(faults[1]).toMatchObject({ plannedMs: 4000, injectedMs: null, recoveryMs: null, unavailableMs: null });
  });
});
