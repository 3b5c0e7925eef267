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

/** A window of a probe that takes so many times longer than it should is not waited for: too few of its handlers return. */
const PATIENCE = 4;
const LEAST_PATIENCE_MS = 1_000;
/** A handler is overdue after so many times what handlers take: ten windows. */
const OVERDUE_TIMES = 20;
const LEAST_OVERDUE_MS = 5_000;
/** While nobody knows what handlers take. */
const FIRST_OVERDUE_MS = 30_000;

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
 *
 * Handlers that hang would fill a limit for ever, of a probe or of hard times, and what does not return teaches nothing.
 * So the overdue ones run beside the limit, up to the maximum, and a probe that too few return from is given up.
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
  /** When the probe that is under way is given up. */
  #patientUntilMs = 0;
  #startMs: number;
  #count = 0;
  #sumMs = 0;
  #peak = 0;

  constructor(bounds: AdaptiveConcurrency, nowMs: number) {
    this.#bounds = bounds;
    this.#estimate = bounds.initial;
    this.#startMs = nowMs;
  }

  get lasting(): number {
    return Math.floor(this.#estimate);
  }

  get overdueMs(): number {
    return this.#known === 0 ? FIRST_OVERDUE_MS : Math.max(LEAST_OVERDUE_MS, OVERDUE_TIMES * this.#baselineMs);
  }

  now(nowMs: number, overdue: number): number {
    const limit = this.#isProbe && nowMs < this.#patientUntilMs ? this.#low : this.lasting;
    return Math.min(this.#bounds.max, limit + overdue);
  }

  returned(serviceMs: number, inFlight: number, failed: boolean, nowMs: number): void {
    if (this.#isProbe && nowMs >= this.#patientUntilMs) {
      this.#phase = 'raising';
      this.#startWindow(nowMs);
    }
    this.#peak = Math.max(this.#peak, inFlight);
    if (failed && (this.#known === 0 || serviceMs < this.#baselineMs)) return;
    this.#count++;
    this.#sumMs += serviceMs;
    if (this.#count < this.#windowHandlings || nowMs - this.#startMs < WINDOW_MS) return;
    // Of what takes no time at all there is nothing to divide.
    const meanMs = Math.max(this.#sumMs / this.#count, 0.001);
    const isUsed = this.#peak >= this.#estimate / 2;
    this.#startWindow(nowMs);
    this.#take(meanMs, isUsed);
    const dueMs = (this.#windowHandlings / this.#low) * this.#lastMs;
    this.#patientUntilMs = nowMs + Math.max(LEAST_PATIENCE_MS, PATIENCE * dueMs);
  }

  get #isProbe(): boolean {
    return this.#phase === 'lowering' || this.#phase === 'probing';
  }

  /** The limit of a probe. */
  get #low(): number {
    return Math.max(this.#bounds.min, Math.floor(this.lasting / 2));
  }

  get #windowHandlings(): number {
    const rounds = this.#phase === 'probing' ? PROBE_ROUNDS : ROUNDS;
    return Math.max(WINDOW_HANDLINGS, rounds * (this.#isProbe ? this.#low : this.lasting));
  }

  #startWindow(nowMs: number): void {
    this.#startMs = nowMs;
    this.#count = 0;
    this.#sumMs = 0;
    this.#peak = 0;
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
