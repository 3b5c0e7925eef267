import type { ConcurrencyLimit } from './concurrency-limit.js';

export interface AdaptiveConcurrency {
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

/** A window takes at least this long, and this many handlings. */
const WINDOW_MS = 250;
const WINDOW_HANDLINGS = 10;
/** By Little's law as many handlings as may run at a time return in one service time: a window takes two of them. */
const ROUNDS = 2;
/** What a probe finds is gone by for long: it takes more. */
const PROBE_ROUNDS = 4;
/** How much of a new estimate counts at once. */
const SMOOTHING = 0.2;
/** So much longer than the baseline handlers may take before the limit shrinks. */
const TOLERANCE = 1.25;
/** What one window may ask for at the most: it may have been an outlier. */
const STEEPEST = 0.5;
/** Windows that the baseline remembers. */
const MEMORY = 300;
/** A baseline that is more than this many times what handlers take now is of harder times... */
const STALE = 2;
/** ... and forgotten faster. */
const DECAY = 0.9;
/** Windows between two probes: few at first, since nothing is known yet, then twice as many each time. */
const FIRST_PROBE = 8;
const LAST_PROBE = 64;
/** Handlers that take so many times less at half of the limit had hardly anything to do but to wait: probed again soon. */
const MOSTLY_QUEUE = 1.75;

/** `lowering` and `raising`: handlings that began under the limit of before say nothing. */
type Phase = 'steady' | 'lowering' | 'probing' | 'raising';

/**
 * A limit that follows what handlers take: it grows while they take no longer for it, and shrinks when they do. After
 * Gradient2 of Netflix (concurrency-limits, `Gradient2Limit.java` and `WindowedLimit.java`; "Performance Under Load", 2018):
 *
 *   gradient = between 0.5 and 1, tolerance x baseline / mean of the window
 *   limit    = limit x gradient + headroom, of which a fifth counts at once
 *
 * and nothing while fewer than half of it run. Two things are of its older brother, `GradientLimit.java`: a headroom of the
 * square root of the limit, and probes. A consumer with a backlog always fills its limit, so that a mean over time follows
 * the queue that the limit itself has made, and the limit creeps up for ever (docs/adr/0015). A probe halves it for a
 * while: what handlers take then is the baseline.
 *
 * A failure that was faster than the baseline says nothing of how long work takes; a slower one, a timeout, does.
 */
export class GradientLimit implements ConcurrencyLimit {
  readonly #bounds: AdaptiveConcurrency;
  #estimate: number;
  #phase: Phase = 'steady';
  /** What handlers take where they do not get into each other's way. */
  #baselineMs = 0;
  /** Windows that it rests upon. */
  #known = 0;
  /** Mean of the last window at the whole limit. */
  #lastMs = 0;
  #untilProbe = FIRST_PROBE;
  #probeEvery = FIRST_PROBE;
  #startMs: number;
  #count = 0;
  #sumMs = 0;
  #peak = 0;

  constructor(bounds: AdaptiveConcurrency, nowMs: number) {
    this.#bounds = bounds;
    this.#estimate = bounds.initial;
    this.#startMs = nowMs;
  }

  get now(): number {
    const { lasting } = this;
    const isLow = this.#phase === 'lowering' || this.#phase === 'probing';
    return isLow ? Math.max(this.#bounds.min, Math.floor(lasting / 2)) : lasting;
  }

  get lasting(): number {
    return Math.floor(this.#estimate);
  }

  returned(serviceMs: number, inFlight: number, failed: boolean, nowMs: number): void {
    this.#peak = Math.max(this.#peak, inFlight);
    if (failed && (this.#known === 0 || serviceMs < this.#baselineMs)) return;
    this.#count++;
    this.#sumMs += serviceMs;
    const rounds = this.#phase === 'probing' ? PROBE_ROUNDS : ROUNDS;
    const isFull = this.#count >= Math.max(WINDOW_HANDLINGS, rounds * this.now);
    if (!isFull || nowMs - this.#startMs < WINDOW_MS) return;
    // Of what takes no time at all there is nothing to divide.
    const meanMs = Math.max(this.#sumMs / this.#count, 0.001);
    const isUsed = this.#peak >= this.#estimate / 2;
    this.#startMs = nowMs;
    this.#count = 0;
    this.#sumMs = 0;
    this.#peak = 0;
    this.#take(meanMs, isUsed);
  }

  #take(meanMs: number, isUsed: boolean): void {
    switch (this.#phase) {
      case 'steady':
        this.#learn(meanMs);
        this.#lastMs = meanMs;
        if (isUsed) this.#adapt(meanMs);
        return;
      case 'lowering':
        this.#phase = 'probing';
        return;
      case 'probing':
        if (this.#lastMs > MOSTLY_QUEUE * meanMs) this.#untilProbe = this.#probeEvery = FIRST_PROBE;
        this.#baselineMs = meanMs;
        this.#known = MEMORY;
        this.#phase = 'raising';
        return;
      case 'raising':
        this.#phase = 'steady';
        return;
      default:
        this.#phase satisfies never;
    }
  }

  #learn(meanMs: number): void {
    this.#known = Math.min(this.#known + 1, MEMORY);
    this.#baselineMs += (meanMs - this.#baselineMs) / this.#known;
    if (this.#baselineMs > STALE * meanMs) this.#baselineMs *= DECAY;
  }

  #adapt(meanMs: number): void {
    const { min, max } = this.#bounds;
    const gradient = Math.max(STEEPEST, Math.min(1, (TOLERANCE * this.#baselineMs) / meanMs));
    const next = this.#estimate * gradient + Math.sqrt(this.#estimate);
    this.#estimate = Math.max(min, Math.min(max, this.#estimate + (next - this.#estimate) * SMOOTHING));
    if (--this.#untilProbe > 0) return;
    this.#probeEvery = Math.min(2 * this.#probeEvery, LAST_PROBE);
    this.#untilProbe = this.#probeEvery;
    this.#phase = 'lowering';
  }
}
