import type { FaultResult, LatencyResult, PhaseResult, Results } from '../../../reports/results.js';
import type { Span } from '../../gates/metric.js';
import { recoveryAfter } from '../../gates/recovery.js';
import { recoveryLimit } from '../../gates/recovery-limit.js';
import { rateSpans } from '../../gates/scope.js';
import { unavailableAfterMs } from '../../gates/unavailability.js';
import type { Scenario } from '../../scenario/scenario.js';
import { type CheckedRun, SEND } from '../checked-run.js';
import { generatorSeconds } from '../generator-rate.js';
import { countsOf } from './counts.js';
import { examplesOf } from './examples.js';
import { heatMapOf } from './heat-map.js';
import { latencyResult } from './latency-result.js';
import { type LedgerSeries, seriesOf } from './series.js';

/** The parts of a results document that follow from the ledger alone. */
export interface RunDescription extends Pick<Results, 'ledger' | 'overall' | 'phases' | 'faults' | 'heatMap'> {
  readonly series: LedgerSeries;
  readonly instrument: Pick<Results['instrument'], 'lag' | 'worstSecondShare'>;
}

export function describeRun(run: CheckedRun, scenario: Scenario): RunDescription {
  const { plan } = run.history;
  const seconds = generatorSeconds(run);
  return {
    ledger: {
      counts: countsOf(run, scenario),
      ...examplesOf(run),
      inventory: inventoryOf(run),
      records: run.records,
      damage: [...run.damage],
    },
    overall: latenciesOf(run, rateSpans(run, { kind: 'default' })),
    phases: plan.phases.map((_, index) => phaseOf(run, index)),
    faults: faultsOf(run, scenario),
    series: seriesOf(run),
    heatMap: heatMapOf(run),
    instrument: {
      lag: latencyResult(run, 'lag', [{ fromNs: 0, toNs: Infinity }]),
      worstSecondShare: seconds.length === 0 ? null : Math.min(...seconds.map(({ share }) => share)),
    },
  };
}

type Latencies = Record<'e2e' | 'done' | 'publish' | 'uncorrected', LatencyResult>;

function latenciesOf(run: CheckedRun, spans: readonly Span[]): Latencies {
  return {
    e2e: latencyResult(run, 'e2e', spans),
    done: latencyResult(run, 'done', spans),
    publish: latencyResult(run, 'publish', spans),
    uncorrected: latencyResult(run, 'uncorrected', spans),
  };
}

/** Throughput as its metric defines it: delivered by a second after the phase's end, by its duration. */
function phaseOf(run: CheckedRun, index: number): PhaseResult {
  const { plan, startNs } = run.history;
  const phase = plan.phases[index] as (typeof plan.phases)[number];
  let accepted = 0;
  let delivered = 0;
  for (let ordinal = phase.first; ordinal < phase.end; ordinal++) {
    if (run.send[ordinal] === SEND.accepted) accepted++;
    const doneNs = (run.firstDoneNs[ordinal] as number) - startNs;
    if (run.successes[ordinal] !== 0 && doneNs <= phase.endNs + 1e9) delivered++;
  }
  const durationNs = phase.endNs - phase.startNs;
  return {
    name: phase.name,
    measure: phase.measure,
    startMs: phase.startNs / 1e6,
    endMs: phase.endNs / 1e6,
    planned: phase.end - phase.first,
    accepted,
    throughputPerSec: durationNs === 0 ? 0 : (delivered / durationNs) * 1e9,
    ...latenciesOf(run, [{ fromNs: phase.startNs, toNs: phase.endNs }]),
  };
}

function faultsOf(run: CheckedRun, scenario: Scenario): FaultResult[] {
  const { ms: limitMs } = recoveryLimit(run, scenario);
  const sinceStart = (ns: number | undefined) => (ns === undefined ? null : (ns - run.history.startNs) / 1e6);
  return run.history.faults.map((fault) => {
    const recoveryMs =
      fault.injectedNs === undefined ? Infinity : recoveryAfter(run, fault.injectedNs, limitMs).afterMs;
    return {
      id: fault.id,
      kind: fault.kind,
      description: fault.description,
      plannedMs: (fault.plannedNs - run.history.startNs) / 1e6,
      injectedMs: sinceStart(fault.injectedNs),
      liftedMs: sinceStart(fault.liftedNs),
      tookHold: fault.tookHold,
      observed: fault.observed,
      affected: [...fault.affected],
      recoveryMs: Number.isFinite(recoveryMs) ? recoveryMs : null,
      unavailableMs: fault.injectedNs === undefined ? null : unavailableAfterMs(run, fault.injectedNs),
    };
  });
}

function inventoryOf(run: CheckedRun): Results['ledger']['inventory'] {
  const { inventory } = run.history;
  const places: Record<string, number> = {};
  for (const { place, copies } of inventory?.items ?? []) places[place] = (places[place] ?? 0) + copies;
  return {
    available: inventory !== undefined,
    stable: inventory?.stable ?? false,
    scans: inventory?.scans ?? 0,
    problem: inventory?.problem ?? null,
    places,
  };
}
