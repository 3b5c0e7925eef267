import { FailureTimeline } from './failure-timeline.js';
import { keptOf, type ObservedMessage } from './observed.js';
import { Recent } from './recent.js';

/** A message at its first attempt, and of which template its failure was, where it failed. */
export interface Sampled {
  readonly message: ObservedMessage;
  readonly template: number | undefined;
}

const PER_SECOND = 32;
const KEPT = 64;
const LONGEST_GAP = 4_096;

/**
 * What is handled for the first time, so that it is known what failures are a share of. Some 32 messages a second are looked at,
 * whatever the rate; each stands for those since the one before. The distance is drawn: a fixed one would always meet the same of keys that
 * take turns. Drawn by itself, so that nothing else draws otherwise for it.
 */
export class TrafficSample {
  readonly recent = new Recent<Sampled>(KEPT);
  /** How many there were. */
  readonly timeline: FailureTimeline;
  #untilNext = 1;
  #weight = 1;
  #gap = 1;
  #lastMs: number | undefined;
  #draw = 1;

  constructor(binMs?: number) {
    this.timeline = new FailureTimeline(binMs);
  }

  /** To be asked for each message at its first attempt: whether it is to be added. */
  isNext(): boolean {
    return --this.#untilNext <= 0;
  }

  add({ message, template }: Sampled, atMs: number): void {
    this.recent.add({ message: keptOf(message), template });
    this.timeline.add(atMs, this.#weight);
    this.#gap = this.#nextGap(atMs);
    this.#lastMs = atMs;
    this.#weight = 1 + Math.floor(this.#random() * (2 * this.#gap - 1));
    this.#untilNext = this.#weight;
  }

  #nextGap(atMs: number): number {
    if (this.#lastMs === undefined) return 1;
    const passedMs = Math.max(1, atMs - this.#lastMs);
    const wanted = (this.#weight * 1_000) / PER_SECOND / passedMs;
    return Math.min(LONGEST_GAP, Math.max(1, (this.#gap + Math.min(wanted, 4 * this.#gap)) / 2));
  }

  /** xorshift32 (Marsaglia, 2003). */
  #random(): number {
    this.#draw ^= this.#draw << 13;
    this.#draw ^= this.#draw >>> 17;
    this.#draw ^= this.#draw << 5;
    return (this.#draw >>> 0) / 2 ** 32;
  }
}
