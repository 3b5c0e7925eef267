import { decodeFromCompressedBase64, type Histogram, HistogramLogWriter } from 'hdr-histogram-js';
import type { LatencyResult, Results } from './results.js';

/** The latencies that get files of their own. */
export type LatencyName = 'e2e' | 'publish';

const MICROS_PER_MS = 1000;
const TICKS_PER_HALF_DISTANCE = 5;

/** Decodes a histogram of the results document: values in microseconds. */
export function decodeHistogram(base64: string): Histogram {
  return decodeFromCompressedBase64(base64);
}

/**
 * HdrHistogram's interval log (format 1.3, V2 histograms): one line a phase, tagged with its name. Timestamps are
 * seconds from the start time; values are microseconds and the interval maximum is milliseconds, as its tools expect.
 */
export function renderHlog(results: Results, latency: LatencyName): string {
  const lines: string[] = [];
  const writer = new HistogramLogWriter((text) => lines.push(text));
  const started = new Date(results.run.startedAt).getTime();
  const startSec = Number.isNaN(started) ? 0 : started / 1000;
  writer.outputComment(`[${comment(latency)} latency of ${comment(results.run.scenario.name)}, microseconds]`);
  writer.outputLogFormatVersion();
  // The writer's own line ends with a blank one and with the time zone of whoever renders.
  writer.outputComment(`[StartTime: ${startSec.toFixed(3)} (seconds since epoch), ${comment(results.run.startedAt)}]`);
  writer.outputLegend();
  for (const phase of results.phases) {
    const histogram = decodeHistogram(phase[latency].histogram);
    histogram.tag = tag(phase.name);
    writer.outputIntervalHistogram(histogram, phase.startMs / 1000, phase.endMs / 1000, MICROS_PER_MS);
  }
  return lines.join('');
}

/** HdrHistogram's percentile distribution of all measured phases, in milliseconds: what its plotters read. */
export function renderHgrm(results: Results, latency: LatencyName): string {
  const { histogram, undelivered } = results.overall[latency];
  const text = decodeHistogram(histogram).outputPercentileDistribution(TICKS_PER_HALF_DISTANCE, MICROS_PER_MS);
  const left = undelivered === 0 ? '' : `#[Undelivered = ${undelivered}, not part of this distribution]\n`;
  return `${text.trimEnd()}\n${left}`;
}

/** A point of a percentile curve: `nines` is -log10(1 - q), so 2 is p99; null ms is infinite (undelivered). */
export interface CurvePoint {
  readonly nines: number;
  readonly ms: number | null;
}

const POINTS_PER_NINE = 16;

/** The curve by nines up to the last one that the number of messages resolves. */
export function percentileCurve(latency: LatencyResult): CurvePoint[] {
  const histogram = decodeHistogram(latency.histogram);
  const count = histogram.totalCount;
  const total = count + latency.undelivered;
  if (total === 0) return [];
  const last = Math.log10(total);
  const points: CurvePoint[] = [];
  for (let i = 0; i < last * POINTS_PER_NINE; i++) points.push(at(i / POINTS_PER_NINE));
  points.push(at(last));
  return points;

  function at(nines: number): CurvePoint {
    const rank = Math.max(1, Math.ceil((1 - 10 ** -nines) * total - 1e-6));
    return { nines, ms: rank > count ? null : histogram.getValueAtPercentile((rank / count) * 100) / MICROS_PER_MS };
  }
}

/** The value at quantile q (0..1) in ms with undelivered messages as infinite (null); undefined without messages. */
export function quantileMs(latency: LatencyResult, q: number): number | null | undefined {
  const histogram = decodeHistogram(latency.histogram);
  const total = histogram.totalCount + latency.undelivered;
  if (total === 0) return undefined;
  const rank = Math.max(1, Math.ceil(q * total - 1e-6));
  if (rank > histogram.totalCount) return null;
  return histogram.getValueAtPercentile((rank / histogram.totalCount) * 100) / MICROS_PER_MS;
}

function tag(name: string): string {
  return name.replace(/[^\w.-]/g, '_');
}

function comment(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
