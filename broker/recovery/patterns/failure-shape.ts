import type { BurstFinding, GrowingFinding, PeriodicFinding } from './failure-pattern.js';
import { sum } from './failure-timeline.js';
import { CONFIDENT, chernoffTail, confidenceOf, normalTail } from './significance.js';

/** Bins of time, one after another: what failed, and all that was handled for the first time. */
export interface Course {
  readonly failures: readonly number[];
  readonly traffic: readonly number[];
  readonly startMs: number;
  readonly binMs: number;
}

const LEAST_MESSAGES = 8;
/** A shorter look shows no shape. */
const LEAST_BINS = 30;
const BURST_BINS = 60;
const BURST_SHARE = 0.8;
const BURST_SPAN = 0.2;
/** At the end, without as much as in the burst: what goes on is none yet. */
const QUIET_BINS = 5;
const QUIET_SHARE = 0.25;
const LEAST_PERIODS = 3;
const LEAST_LAG = 4;
/** From where it is clear, to where it is clearest. */
const LAG_RANGE = 1.4;
const CORRELATION = 0.3;
const ECHO = 0.15;
const SLICES = 12;
const GROWTH = 2;
const GROWTH_STEP = 1.2;

/** How failures lie in time, as shares of what was handled: more of them because there is more to do is no shape. */
export function shapeOf(course: Course): BurstFinding | PeriodicFinding | GrowingFinding | undefined {
  if (course.failures.length < LEAST_BINS || sum(course.failures) < LEAST_MESSAGES) return undefined;
  return periodOf(course) ?? burstOf(course) ?? growthOf(course);
}

/** Most of them in a fifth of the time, in which by far not as much was handled; and it is over. */
function burstOf({ failures, traffic, startMs, binMs }: Course): BurstFinding | undefined {
  if (failures.length < BURST_BINS) return undefined;
  const longest = Math.floor(failures.length * BURST_SPAN);
  const total = sum(failures);
  let [from, most] = [0, 0];
  for (let i = 0, within = 0; i < failures.length; i++) {
    within += failures[i]! - (failures[i - longest] ?? 0);
    if (within > most) [from, most] = [i - longest + 1, within];
  }
  if (most < BURST_SHARE * total) return undefined;
  let [first, end] = [Math.max(0, from), Math.min(failures.length, from + longest)];
  while (failures[first] === 0) first++;
  while (failures[end - 1] === 0) end--;
  const share = sum(failures.slice(first, end)) / total;
  const expected = sum(traffic.slice(first, end)) / Math.max(1, sum(traffic));
  const latest = sum(failures.slice(-QUIET_BINS)) / QUIET_BINS;
  if (share < 2 * expected || latest > (QUIET_SHARE * share * total) / (end - first)) return undefined;
  const confidence = confidenceOf(chernoffTail(total, share, expected), failures.length, total);
  if (confidence < CONFIDENT) return undefined;
  return { kind: 'burst', fromMs: startMs + first * binMs, untilMs: startMs + end * binMs, share, confidence };
}

/**
 * The lag at which the shares resemble themselves, if it is clear and comes around again. Over three bins at a time, since a
 * period need not be the same to the second.
 */
function periodOf({ failures, traffic, binMs }: Course): PeriodicFinding | undefined {
  const shares = failures.map((_, i) => {
    const handled = sum(traffic.slice(Math.max(0, i - 1), i + 2));
    return handled === 0 ? 0 : Math.min(1, sum(failures.slice(Math.max(0, i - 1), i + 2)) / handled);
  });
  const correlations = autocorrelations(shares, Math.floor((2.4 * shares.length) / LEAST_PERIODS));
  const longest = Math.floor(shares.length / LEAST_PERIODS);
  // What is only slow resembles itself at every short lag: between two bursts there has to be a trough.
  let hasTrough = false;
  let lag: number | undefined;
  let best = 0;
  for (let l = 1; l <= longest; l++) {
    const at = correlations[l] ?? 0;
    if (at < 0) hasTrough = true;
    if (!hasTrough || l < LEAST_LAG || at < CORRELATION) continue;
    if (lag !== undefined && l > lag * LAG_RANGE) break;
    if (best === 0 || at > correlations[best]!) best = l;
    lag ??= l;
  }
  if (lag === undefined) return undefined;
  const echoes = correlations.slice(Math.floor(best * 1.6), Math.ceil(best * 2.4) + 1);
  if (Math.max(...echoes) < ECHO) return undefined;
  const independent = shares.length / 3;
  const confidence = confidenceOf(normalTail(correlations[best]! * Math.sqrt(independent)), longest, 1);
  return confidence < CONFIDENT ? undefined : { kind: 'periodic', periodMs: best * binMs, confidence };
}

function autocorrelations(values: readonly number[], longest: number): number[] {
  const mean = sum(values) / values.length;
  const off = values.map((value) => value - mean);
  const variance = sum(off.map((value) => value * value));
  if (variance === 0) return [];
  return Array.from({ length: longest + 1 }, (_, lag) => {
    let product = 0;
    for (let i = lag; i < off.length; i++) product += off[i]! * off[i - lag]!;
    return (product / variance) * (off.length / (off.length - lag));
  });
}

/**
 * A trend of the share since the first failure (Mann 1945, Kendall 1975), of which the last third is twice the first, and each
 * third more than the one before, and which a line describes better than a step: what began at once, and stays, does not grow.
 */
function growthOf(course: Course): GrowingFinding | undefined {
  const first = course.failures.findIndex((count) => count > 0);
  const failures = course.failures.slice(first);
  const traffic = course.traffic.slice(first);
  if (failures.length < LEAST_BINS) return undefined;
  const shares = sharesOf(failures, traffic, SLICES);
  let s = 0;
  for (let i = 0; i < SLICES; i++) for (let j = i + 1; j < SLICES; j++) s += Math.sign(shares[j]! - shares[i]!);
  const deviation = Math.sqrt((SLICES * (SLICES - 1) * (2 * SLICES + 5)) / 18);
  const [fromShare, middle, toShare] = sharesOf(failures, traffic, 3) as [number, number, number];
  if (toShare < GROWTH * fromShare || middle < GROWTH_STEP * fromShare || toShare < GROWTH_STEP * middle)
    return undefined;
  if (offStep(shares) < offLine(shares)) return undefined;
  const confidence = confidenceOf(normalTail((s - 1) / deviation), 1, 1);
  return confidence < CONFIDENT ? undefined : { kind: 'growing', fromShare, toShare, confidence };
}

function sharesOf(failures: readonly number[], traffic: readonly number[], slices: number): number[] {
  return Array.from({ length: slices }, (_, i) => {
    const bounds = [i, i + 1].map((at) => Math.floor((at * failures.length) / slices)) as [number, number];
    return sum(failures.slice(...bounds)) / Math.max(1, sum(traffic.slice(...bounds)));
  });
}

/** Squares of what is left over by the line that fits best. */
function offLine(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = sum(values) / values.length;
  const along = sum(values.map((value, i) => (i - middle) * (value - mean)));
  const slope = along / sum(values.map((_, i) => (i - middle) ** 2));
  return sum(values.map((value, i) => (value - mean - slope * (i - middle)) ** 2));
}

/** The same of the step that fits best. */
function offStep(values: readonly number[]): number {
  const offMean = (part: readonly number[]) => sum(part.map((value) => (value - sum(part) / part.length) ** 2));
  return Math.min(...values.slice(1).map((_, i) => offMean(values.slice(0, i + 1)) + offMean(values.slice(i + 1))));
}
