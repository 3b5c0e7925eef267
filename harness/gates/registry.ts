import type { Metric } from './metric.js';
import { CONSUMER_METRICS } from './metrics/consumers.js';
import { HANDLING_METRICS } from './metrics/handling.js';
import { LATENCY_METRICS, latencyPercentile } from './metrics/latency.js';
import { OUTCOME_METRICS } from './metrics/outcomes.js';
import { RECOVERY_METRICS } from './metrics/recovery.js';
import { THROUGHPUT_METRICS } from './metrics/throughput.js';
import { VIOLATION_METRICS } from './metrics/violations.js';

/** Every metric that a gate can name; `latency.p*` stands for any percentile. A new one goes into its family's list. */
export const METRICS: readonly Metric[] = [
  ...OUTCOME_METRICS,
  ...VIOLATION_METRICS,
  ...HANDLING_METRICS,
  ...CONSUMER_METRICS,
  ...THROUGHPUT_METRICS,
  ...LATENCY_METRICS,
  ...RECOVERY_METRICS,
];

/** The metric of that name, with a percentile filled in; undefined if there is none. */
export function findMetric(name: string): Metric | undefined {
  if (name.includes('*')) return undefined;
  return METRICS.find((metric) => metric.name === name) ?? latencyPercentile(name);
}
