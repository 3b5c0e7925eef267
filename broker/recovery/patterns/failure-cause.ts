import type { Persistence } from './failure-nature.js';
import type { FailureEvidence } from './failure-pattern.js';
import type { Contrast } from './failure-place.js';
import type { Course } from './failure-shape.js';
import { FailureTimeline, sum } from './failure-timeline.js';
import { keptOf, type ObservedFailure, type ObservedMessage } from './observed.js';
import { Recent } from './recent.js';
import type { Template } from './template-miner.js';
import type { TrafficSample } from './traffic-sample.js';

const MAX_CASES = 128;
const MAX_CONTROLS = 256;
/** So that those that are kept are of some time, also where many fail. */
const CASES_PER_BIN = 4;
const CONTROLS_PER_CASE = 8;
const MAX_FINGERPRINTS = 20;
const EXAMPLES = 3;

/** Failures of one template, in bounded memory. */
export class FailureCause {
  readonly template: Template;
  readonly error: string;
  readonly fingerprints = new Set<string>();
  failures = 0;
  lastMs: number;
  readonly #firstMs: number;
  readonly #binMs: number;
  #messages = 0;
  readonly #cases = new Recent<ObservedMessage>(MAX_CASES);
  readonly #controls = new Recent<ObservedMessage>(MAX_CONTROLS);
  /** Messages at their first attempt; further attempts; of those, the ones that failed again. */
  readonly #firsts: FailureTimeline;
  readonly #retries: FailureTimeline;
  readonly #again: FailureTimeline;
  #bin = Number.NaN;
  #casesOfBin = 0;
  #seenSamples = 0;
  #lone: string | undefined;

  constructor(template: Template, error: string, atMs: number, binMs: number) {
    this.template = template;
    this.error = error;
    this.lastMs = atMs;
    this.#firstMs = atMs;
    this.#binMs = binMs;
    this.#firsts = new FailureTimeline(binMs);
    this.#retries = new FailureTimeline(binMs);
    this.#again = new FailureTimeline(binMs);
  }

  /** Undefined where several messages have failed. */
  get loneMessage(): string | undefined {
    return this.#messages === 1 ? this.#lone : undefined;
  }

  /** `isNew`: the message has not failed so before; `isFirst`: it has not failed at all. */
  failed(
    failure: ObservedFailure,
    message: ObservedMessage,
    atMs: number,
    { isNew, isFirst }: { readonly isNew: boolean; readonly isFirst: boolean },
    sample: TrafficSample,
  ): void {
    this.failures++;
    this.lastMs = Math.max(this.lastMs, atMs);
    if (this.fingerprints.size < MAX_FINGERPRINTS) this.fingerprints.add(failure.fingerprint);
    const kept = keptOf(message);
    if (isNew) {
      this.#messages++;
      this.#lone = kept.id;
    }
    // What fails for another reason is tried more often, and so would be here more often.
    if (!isFirst) return;
    this.#firsts.add(atMs);
    this.#takeCase(kept, atMs, sample);
  }

  /** A message that had failed so before was handled again. */
  retried(atMs: number, failedAgain: boolean): void {
    this.#retries.add(atMs);
    if (failedAgain) this.#again.add(atMs);
  }

  course(sinceMs: number, nowMs: number, sample: TrafficSample): Course {
    const failures = this.#firsts.counts(sinceMs, nowMs);
    const traffic = sample.timeline.counts(sinceMs, nowMs).map((count, i) => Math.max(count, failures[i]!));
    const head = Math.floor(nowMs / this.#binMs) + 1 - failures.length;
    return { failures, traffic, startMs: head * this.#binMs, binMs: this.#binMs };
  }

  persistence({ failures, traffic, startMs }: Course, nowMs: number): Persistence {
    const retries = this.#retries.counts(startMs, nowMs);
    const again = this.#again.counts(startMs, nowMs);
    const comparable = (_: number, i: number) => traffic[i]! > 0;
    const compared = sum(retries.filter(comparable));
    const othersFailing = sum(retries.map((count, i) => (traffic[i] === 0 ? 0 : (count * failures[i]!) / traffic[i]!)));
    return {
      retries: sum(retries),
      failedAgain: sum(again),
      compared,
      comparedAgain: sum(again.filter(comparable)),
      othersFailing: compared === 0 ? 0 : othersFailing / compared,
      handled: sum(traffic.filter((_, i) => failures[i]! > 0)),
      failingShare: failingShareOf(failures, traffic),
    };
  }

  contrast({ failingShare }: Persistence): Contrast {
    const failures = this.#cases.count;
    const passes = failingShare === 0 ? 0 : (failures * (1 - failingShare)) / failingShare;
    return { failed: this.#cases.items, passed: this.#controls.items, failures, passes };
  }

  evidence({ failingShare, retries, failedAgain }: Persistence): FailureEvidence {
    const { failures, lastMs } = this;
    const examples = this.#cases.newest(0, EXAMPLES).map(({ id }) => id);
    const [messages, firstMs] = [this.#messages, this.#firstMs];
    return { failures, messages, firstMs, lastMs, failingShare, retries, failedAgain, examples };
  }

  get name(): string {
    return `${this.error}: ${this.template.tokens.join(' ')}`;
  }

  /** With some that did not fail so since the case before: what is compared was handled at the same time. */
  #takeCase(message: ObservedMessage, atMs: number, { recent }: TrafficSample): void {
    const bin = Math.floor(atMs / this.#binMs);
    this.#casesOfBin = bin === this.#bin ? this.#casesOfBin + 1 : 1;
    this.#bin = bin;
    if (this.#casesOfBin > CASES_PER_BIN) return;
    this.#cases.add(message);
    for (const { message: other, template } of recent.newest(this.#seenSamples, CONTROLS_PER_CASE)) {
      if (template !== this.template.id) this.#controls.add(other);
    }
    this.#seenSamples = recent.count;
  }
}

/**
 * How many of 1 fail while it lasts: of the messages that are handled in the same bin as one that fails, without that one; a bin
 * is only looked at since one fails in it. At the least the share over all time.
 */
function failingShareOf(failures: readonly number[], traffic: readonly number[]): number {
  const total = sum(failures);
  if (total === 0) return 0;
  const others = failures.map((count, i) => (count * (count - 1)) / Math.max(1, traffic[i]! - 1));
  return Math.min(1, Math.max(sum(others.filter((_, i) => failures[i]! > 0)) / total, total / sum(traffic)));
}
