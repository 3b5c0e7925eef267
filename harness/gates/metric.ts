import type { CheckedRun } from '../ledger/checked-run.js';
import type { Gate, GateScope, Scenario, Unit } from '../scenario/scenario.js';

/** One metric: one entry beside its siblings in its family's file, collected by the registry. */
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
  /** Scopes that make sense; undefined: all. `recovery` is only defined `after` a fault. */
  readonly scopes?: readonly GateScope['kind'][];
  /** Whether `with confidence` can be asked for: an interval is defined. */
  readonly hasInterval: boolean;
  /**
   * Whether a stalled machine may excuse a failure: it is judged again without the 100 ms intervals in which the
   * harness's own probe stalled or CPU steal was high. Never for counts.
   */
  readonly excusable: boolean;
  /**
   * What the driver must be capable of, or there is nothing to judge by: an order that is promised, an inventory of what
   * the system still holds.
   */
  readonly needs?: 'key-order' | 'inventory';
  /** Why this scenario cannot measure it (refused by `validate`), or undefined. */
  refuse?(scenario: Scenario): string | undefined;
  measure(input: MeasureInput): Measurement;
}

export interface MeasureInput {
  readonly run: CheckedRun;
  readonly scenario: Scenario;
  readonly gate: Gate;
  /** Spans of intended time (ns from the start of the load) to leave out; empty the first time. */
  readonly without: readonly Span[];
}

/** Half-open, nanoseconds from the start of the load. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** An observed value in the gate's unit. */
export interface Measurement {
  readonly value: number;
  /** Messages (or windows) that it rests on; 0 fails the gate. */
  readonly samples: number;
  /** One-sided bounds at the gate's confidence (95 % by default), lower and upper; undefined where none is defined. */
  readonly interval: readonly [number, number] | undefined;
  /** A sentence for the report where the value alone does not tell. */
  readonly note?: string;
}

/** Level of the reported bounds where the gate names none. */
export const DEFAULT_CONFIDENCE = 0.95;
