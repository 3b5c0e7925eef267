import { NS_PER_MS } from '../clock.js';
import type { Random } from '../random.js';
import type { Arrivals } from '../scenario/scenario.js';

const MS_PER_SEC = 1000;
/** Rounding of rate times duration must not add a message at the very end of a phase. */
const ROUNDING = 1e-9;

/** When the messages of one phase are due: ascending nanoseconds from the phase's start, all before its end. */
export function arrivalTimes(arrivals: Arrivals, durationMs: number, random: Random): Float64Array {
  switch (arrivals.kind) {
    case 'constant':
      return constant(arrivals.ratePerSec, durationMs);
    case 'ramp':
      return ramp(arrivals.fromPerSec, arrivals.toPerSec, durationMs);
    case 'poisson':
      return poisson(arrivals.ratePerSec, durationMs, random);
    case 'burst':
      return merge(constant(arrivals.ratePerSec, durationMs), bursts(arrivals.burstSize, arrivals.everyMs, durationMs));
    default:
      return arrivals satisfies never;
  }
}

function constant(ratePerSec: number, durationMs: number): Float64Array {
  const count = wholeMessages((ratePerSec * durationMs) / MS_PER_SEC);
  const gapNs = (MS_PER_SEC * NS_PER_MS) / ratePerSec;
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = i * gapNs;
  return times;
}

/**
 * A rate that grows (or falls) linearly: message i is due when the integral of the rate reaches i. The root is taken in
 * the form that stays exact when both rates are nearly equal.
 */
function ramp(fromPerSec: number, toPerSec: number, durationMs: number): Float64Array {
  const durationNs = durationMs * NS_PER_MS;
  const count = wholeMessages(((fromPerSec + toPerSec) * durationMs) / MS_PER_SEC / 2);
  const from = fromPerSec / MS_PER_SEC / NS_PER_MS;
  const slope = (toPerSec - fromPerSec) / MS_PER_SEC / NS_PER_MS / durationNs;
  const times = new Float64Array(count);
  for (let i = 1; i < count; i++) {
    times[i] = (2 * i) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * i)));
  }
  return times;
}

/** Exponential gaps: independent arrivals. */
function poisson(ratePerSec: number, durationMs: number, random: Random): Float64Array {
  const durationNs = durationMs * NS_PER_MS;
  const mean = (ratePerSec * durationMs) / MS_PER_SEC;
  const gapNs = (MS_PER_SEC * NS_PER_MS) / ratePerSec;
  let times = new Float64Array(Math.ceil(mean + 6 * Math.sqrt(mean) + 16));
  let count = 0;
  for (let t = 0; ratePerSec > 0; ) {
    t -= Math.log(1 - random()) * gapNs;
    if (t >= durationNs) break;
    if (count === times.length) {
      const larger = new Float64Array(times.length * 2);
      larger.set(times);
      times = larger;
    }
    times[count++] = t;
  }
  return times.slice(0, count);
}

/** The first burst comes with the start of the phase. */
function bursts(size: number, everyMs: number, durationMs: number): Float64Array {
  const times = new Float64Array(size * wholeMessages(durationMs / everyMs));
  for (let i = 0; i < times.length; i++) times[i] = Math.floor(i / size) * everyMs * NS_PER_MS;
  return times;
}

function merge(left: Float64Array, right: Float64Array): Float64Array {
  const merged = new Float64Array(left.length + right.length);
  let l = 0;
  let r = 0;
  for (let i = 0; i < merged.length; i++) {
    const takeLeft = r === right.length || (l < left.length && left[l]! <= right[r]!);
    merged[i] = takeLeft ? left[l++]! : right[r++]!;
  }
  return merged;
}

/** Messages at 0, 1, 2, ... below `expected`. */
function wholeMessages(expected: number): number {
  return Math.max(0, Math.ceil(expected - ROUNDING * Math.max(1, expected)));
}
