import type { Results } from '../../reports/results.js';

/** What the table shows of one run. Milliseconds; null: not measurable, or never. */
export interface Figures {
  readonly scenario: string;
  readonly file: string;
  readonly seed: number;
  readonly verdict: Results['verdict'];
  readonly lost: number;
  readonly reordered: number;
  readonly unexcused: number;
  readonly throughputPerSec: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly lagP99: number | null;
  readonly stealMax: number | null;
  readonly faults: readonly FaultFigures[];
}

interface FaultFigures {
  readonly id: string;
  readonly description: string;
  readonly recoveryMs: number | null;
  readonly unavailableMs: number | null;
}

/** Rates and latencies are those of the phase `steady` where there is one: with faults, the whole says little about either. */
export function figuresOf(results: Results, file: string): Figures {
  const { run, phases, overall, ledger, instrument } = results;
  const steady = phases.find(({ name }) => name === 'steady');
  const measured = steady === undefined ? phases.filter(({ measure }) => measure) : [steady];
  const { summary } = (steady ?? overall).e2e;
  const seconds = measured.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / 1000;
  const delivered = measured.reduce(
    (sum, { throughputPerSec, startMs, endMs }) => sum + (throughputPerSec * (endMs - startMs)) / 1000,
    0,
  );
  const count = (name: string) => ledger.counts[name]!.value;
  return {
    scenario: run.scenario.name,
    file,
    seed: run.seed,
    verdict: results.verdict,
    lost: count('lost'),
    reordered: count('reordered'),
    unexcused: count('duplicated.unexcused'),
    throughputPerSec: delivered / seconds,
    p50: summary.p50,
    p99: summary.p99,
    p999: summary.p999,
    lagP99: instrument.lag.summary.p99,
    stealMax: instrument.stealMax,
    faults: results.faults.map(({ id, description, recoveryMs, unavailableMs }) => ({
      id,
      description,
      recoveryMs,
      unavailableMs,
    })),
  };
}
