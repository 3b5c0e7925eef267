/** What a member's handlers do. */
export interface HandlerReadings {
  /** How long a handler takes, ms; of the last 32 handlings or, where more came since the last reading, of those and more. */
  readonly serviceMs: number;
  /** Of the same handlings, how many of 1 failed. */
  readonly failureRatio: number;
  /** Handlings that the two rest upon: since the start, or since they were forgotten. */
  readonly handlings: number;
  readonly handledPerSec: number;
  readonly failedPerSec: number;
}

/** Estimates remember as many handlings as this. */
const MEMORY = 32;
/** Rates are of windows of at least this. */
const RATE_WINDOW_MS = 1_000;

/** Counts where handlers return; estimates where somebody reads. */
export class HandlerMeter {
  #count = 0;
  #failed = 0;
  #sumMs = 0;
  #handlings = 0;
  #serviceMs = 0;
  #failureRatio = 0;
  #windowStartMs: number;
  #windowCount = 0;
  #windowFailed = 0;
  #handledPerSec = 0;
  #failedPerSec = 0;

  constructor(nowMs: number) {
    this.#windowStartMs = nowMs;
  }

  /** A handler has returned, or thrown. */
  count(durationMs: number, failed: boolean): void {
    this.#count++;
    this.#sumMs += durationMs;
    if (failed) this.#failed++;
  }

  read(nowMs: number): HandlerReadings {
    this.#fold();
    const passedMs = nowMs - this.#windowStartMs;
    if (passedMs >= RATE_WINDOW_MS) {
      this.#handledPerSec = ((this.#windowCount - this.#windowFailed) * 1_000) / passedMs;
      this.#failedPerSec = (this.#windowFailed * 1_000) / passedMs;
      this.#windowStartMs = nowMs;
      this.#windowCount = 0;
      this.#windowFailed = 0;
    }
    return {
      serviceMs: this.#serviceMs,
      failureRatio: this.#failureRatio,
      handlings: this.#handlings,
      handledPerSec: this.#handledPerSec,
      failedPerSec: this.#failedPerSec,
    };
  }

  /** What was measured says nothing about what comes. */
  forget(): void {
    this.#fold();
    this.#handlings = 0;
    this.#serviceMs = 0;
    this.#failureRatio = 0;
  }

  #fold(): void {
    const kept = Math.min(this.#handlings, MEMORY);
    const weight = kept + this.#count;
    if (this.#count > 0) {
      this.#serviceMs = (this.#serviceMs * kept + this.#sumMs) / weight;
      this.#failureRatio = (this.#failureRatio * kept + this.#failed) / weight;
    }
    this.#handlings += this.#count;
    this.#windowCount += this.#count;
    this.#windowFailed += this.#failed;
    this.#count = 0;
    this.#failed = 0;
    this.#sumMs = 0;
  }
}
