import { build, type Histogram } from 'hdr-histogram-js';
import type { LagSummary } from './protocol.js';

const US_PER_MS = 1000;
const NS_PER_US = 1000;
/** 10 minutes, as in the reports. */
const MAX_US = 600e6;

/** Durations of a worker's current interval and of its whole life, for display: the verdict rests on the ledger. */
export class IntervalHistogram {
  readonly #interval = newHistogram();
  readonly #total = newHistogram();

  record(ns: number): void {
    const us = Math.min(MAX_US, Math.max(0, Math.round(ns / NS_PER_US)));
    this.#interval.recordValue(us);
    this.#total.recordValue(us);
  }

  /** The p99 since the last call in ms; undefined when nothing was recorded. */
  takeP99Ms(): number | undefined {
    if (this.#interval.totalCount === 0) return undefined;
    const p99Ms = this.#interval.getValueAtPercentile(99) / US_PER_MS;
    this.#interval.reset();
    return p99Ms;
  }

  summary(): LagSummary {
    const at = (percentile: number) => this.#total.getValueAtPercentile(percentile) / US_PER_MS;
    return { p50Ms: at(50), p99Ms: at(99), maxMs: this.#total.maxValue / US_PER_MS };
  }
}

function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_US,
    numberOfSignificantValueDigits: 2,
  });
}
