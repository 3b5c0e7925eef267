import type { FaultKind } from '../faults/fault.js';
import type { Metric } from '../gates/metric.js';

/** What exists: a scenario can name these faults, metrics and drivers. */
export interface Registries {
  readonly faults: readonly FaultKind[];
  readonly metrics: readonly Metric[];
  /** Also resolves families such as `latency.p*`. */
  findMetric(name: string): Metric | undefined;
  /** Names of the built-in drivers. */
  readonly drivers: readonly string[];
}
