import type { LatencyResult } from '../../../reports/results.js';
import type { Span } from '../../gates/metric.js';
import { eachOrdinal } from '../../gates/scope.js';
import type { CheckedRun } from '../checked-run.js';
import { type LatencyKind, latencyOf } from '../latencies.js';
import { LatencyHistogram } from '../latency-histogram.js';

/** The latency of the messages due in the spans: figures in ms, null where infinite or without samples. */
export function latencyResult(run: CheckedRun, kind: LatencyKind, spans: readonly Span[]): LatencyResult {
  const histogram = new LatencyHistogram();
  const latency = latencyOf(run, kind);
  eachOrdinal(run, spans, (ordinal) => {
    const ns = latency(ordinal);
    if (!Number.isNaN(ns)) histogram.recordNs(ns);
  });
  const quantile = (q: number) => {
    const ms = histogram.quantileMs(q);
    return Number.isFinite(ms) ? ms : null;
  };
  return {
    summary: {
      count: histogram.count,
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
      p999: quantile(0.999),
      max: quantile(1),
    },
    histogram: histogram.encode(),
    undelivered: histogram.infinite,
  };
}
