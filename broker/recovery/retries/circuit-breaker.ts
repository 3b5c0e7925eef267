import type { Random } from '../../random.js';

export interface BreakerOptions {
  /** It opens where so many of 1 fail (default 0.5) ... */
  readonly failureRatio: number;
  /** ... of at least so many handlings (default 20) ... */
  readonly minimumHandlings: number;
  /** ... within this time (default 10,000). */
  readonly windowMs: number;
  /** How long it stays open the first time (default 1,000): each time that a probe fails twice as long, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

const SLICES = 10;
/** Messages of changing keys that fail at once: fewer may be poison that came together. */
const LEAST_NEW = 5;

/**
 * Whether what messages need works. Closed: outcomes are counted over a sliding window of ten slices, and those that fail one
 * after another: after much that was handled a window takes seconds to tell, in which retries use up attempts. Open: nothing is to be
 * tried. Half-open: one probe is. A probe that succeeds closes it, one that fails opens it again, for twice as long, with a
 * jitter of a fifth. Decides over the window as cockatiel's `SamplingBreaker` does, of which the tests make an oracle; why it is not that one:
 * docs/adr/0016.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #random: Random;
  readonly #failed = new Float64Array(SLICES);
  readonly #all = new Float64Array(SLICES);
  #slice = 0;
  /** Failures since the last success, and how many of them were new: see {@link count}. */
  #run = 0;
  #newOfRun = 0;
  #state: BreakerState = 'closed';
  #sinceMs: number;
  #openMs = 0;
  /** While it is open. */
  #untilMs = 0;
  #isProbing = false;

  constructor(options: BreakerOptions, random: Random, nowMs: number) {
    this.#options = options;
    this.#random = random;
    this.#sinceMs = nowMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Since when it is in this state. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Its probe is under way. */
  get isProbing(): boolean {
    return this.#isProbing;
  }

  /** While it is open: when it is to be half-open. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Of what was counted in the window, so many of 1 failed. */
  failureRatio(nowMs: number): number {
    this.#turn(nowMs);
    const all = sum(this.#all);
    return all === 0 ? 0 : sum(this.#failed) / all;
  }

  /** Time passes; returns whether the state is another one. */
  look(nowMs: number): boolean {
    if (this.#state !== 'open' || nowMs < this.#untilMs) return false;
    this.#enter('half-open', nowMs);
    return true;
  }

  /** A probe begins. Only while it is half-open and has none. */
  beginProbe(): void {
    this.#isProbing = true;
  }

  /** The probe ended without an outcome: there may be another one. */
  abandonProbe(): void {
    this.#isProbing = false;
  }

  /** The probe's outcome. */
  endProbe(failed: boolean, nowMs: number): void {
    this.#isProbing = false;
    if (this.#state !== 'half-open') return;
    if (failed) this.#open(nowMs);
    else {
      this.#forget();
      this.#openMs = 0;
      this.#enter('closed', nowMs);
    }
  }

  /**
   * So many handlings ended, no probes; returns whether that opens it. What ends late, while it is not closed, says nothing.
   * `isNew`: the failure is a message's first, and of another key than the one before. Without such ones it may be poison that
   * fails again and again while nothing else is there.
   */
  count(succeeded: number, failed: number, nowMs: number, isNew = false): boolean {
    if (this.#state !== 'closed') return false;
    this.#turn(nowMs);
    this.#all[this.#slice % SLICES]! += succeeded + failed;
    this.#failed[this.#slice % SLICES]! += failed;
    if (succeeded > 0) this.#endRun();
    if (failed === 0) return false;
    this.#run += failed;
    if (isNew) this.#newOfRun++;
    if (!this.#areMost() && !this.#isRun()) return false;
    this.#open(nowMs);
    return true;
  }

  #areMost(): boolean {
    const { failureRatio, minimumHandlings } = this.#options;
    const all = sum(this.#all);
    return all >= minimumHandlings && sum(this.#failed) >= failureRatio * all;
  }

  #isRun(): boolean {
    return this.#run >= this.#options.minimumHandlings && this.#newOfRun >= LEAST_NEW;
  }

  #endRun(): void {
    this.#run = 0;
    this.#newOfRun = 0;
  }

  #open(nowMs: number): void {
    const { openMs, maxOpenMs } = this.#options;
    this.#openMs = this.#openMs === 0 ? openMs : Math.min(maxOpenMs, this.#openMs * 2);
    this.#untilMs = nowMs + this.#openMs * (1 - 0.2 * this.#random());
    this.#enter('open', nowMs);
  }

  #enter(state: BreakerState, nowMs: number): void {
    this.#state = state;
    this.#sinceMs = nowMs;
    this.#isProbing = false;
  }

  #forget(): void {
    this.#all.fill(0);
    this.#failed.fill(0);
    this.#endRun();
  }

  #turn(nowMs: number): void {
    const slice = Math.floor((nowMs * SLICES) / this.#options.windowMs);
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      this.#all[(slice - i) % SLICES] = 0;
      this.#failed[(slice - i) % SLICES] = 0;
    }
    if (passed === SLICES) this.#endRun();
    if (passed > 0) this.#slice = slice;
  }
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
