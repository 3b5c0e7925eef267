import type { CheckedRun } from '../ledger/checked-run.js';
import type { Gate, GateScope, Scenario, Unit } from '../scenario/scenario.js';

/** One metric: one file (or one entry beside its siblings), one line in the registry. */
export interface Metric {
  /** `lost`, `latency.p99`, `duplicated.unexcused`. `latency.p*` stands for any percentile. */
  readonly name: string;
  readonly unit: Unit;
  /** A bare number limits the count, one with % the share. */
  readonly alsoShare?: boolean;
  /** Its definition, exactly: shown by `gauntlet list metrics` and linked from reports. */
  readonly definition: string;
  readonly example: string;
  /** `count`: judged over everything by default. `rate`: over the measured phases. */
  readonly family: 'count' | 'rate';
  /** Why this scenario cannot measure it (refused by `validate`), or undefined. */
  refuse?(scenario: Scenario): string | undefined;
  measure(run: CheckedRun, gate: Gate): Measurement;
}

/** An observed value in the gate's unit. */
export interface Measurement {
  readonly value: number;
  /** Messages (or windows) that it rests on; 0 fails the gate. */
  readonly samples: number;
  /** 95 % (or the gate's confidence) interval; undefined where none is defined. */
  readonly interval: readonly [number, number] | undefined;
  /** A sentence for the report where the value alone does not tell. */
  readonly note?: string;
}

export type ScopeOf = (run: CheckedRun, scope: GateScope, family: Metric['family']) => (ordinal: number) => boolean;
