import { maskedMessage } from '../failure-fingerprint.js';
import { FailureCause } from './failure-cause.js';
import { natureOf } from './failure-nature.js';
import { afterWhat, type Happening } from './failure-onset.js';
import type { FailureFinding, FailurePattern, PlaceFinding } from './failure-pattern.js';
import { type Contrast, placeOf } from './failure-place.js';
import { shapeOf } from './failure-shape.js';
import type { ObservedFailure, ObservedMessage } from './observed.js';
import { TemplateMiner } from './template-miner.js';
import { TrafficSample } from './traffic-sample.js';

/** Fewer say nothing. */
const LEAST_FAILURES = 4;
const MAX_CAUSES = 64;
const MAX_FINGERPRINTS = 1_024;
const MAX_HAPPENINGS = 20;
/** Those with the most failures are described. */
const MAX_PATTERNS = 16;

export interface AnalyzerOptions {
  /** Bins of time (default 1 s): 600 of them are remembered. */
  readonly binMs?: number;
  /** Finds what a cause's failures have in common (default {@link placeOf}). */
  place?(contrast: Contrast): PlaceFinding | undefined;
}

/**
 * Learns online, in bounded memory (some 4 MB, 12 at the very most), what the failures of a group have in common: see
 * docs/guide/failures.md and docs/adr/0018. Causes are told apart by Drain; of each, the latest failures are compared with
 * what passed at the same time.
 */
export class FailurePatternAnalyzer {
  readonly #sample: TrafficSample;
  readonly #binMs: number;
  readonly #placeOf: (contrast: Contrast) => PlaceFinding | undefined;
  readonly #miner = new TemplateMiner();
  /** By template, in the order in which they were seen last. */
  readonly #causes = new Map<number, FailureCause>();
  /** Of fingerprints that were mined: the same one always has the same template. */
  readonly #known = new Map<string, FailureCause>();
  readonly #happenings: Happening[] = [];
  #sinceMs: number | undefined;

  constructor({ binMs = 1_000, place = placeOf }: AnalyzerOptions = {}) {
    this.#binMs = binMs;
    this.#placeOf = place;
    this.#sample = new TrafficSample(binMs);
  }

  /** What it remembers now. */
  get size(): { readonly causes: number; readonly templates: number; readonly fingerprints: number } {
    return { causes: this.#causes.size, templates: this.#miner.size, fingerprints: this.#known.size };
  }

  /** To be asked for each message that passes at its first attempt: whether it is to be told of. Costs a branch and a counter. */
  isNext(): boolean {
    return this.#sample.isNext();
  }

  /** So many messages were handled for the first time, of which nothing else is known. */
  handled(count: number, atMs: number): void {
    this.#sinceMs ??= atMs;
    this.#sample.timeline.add(atMs, count);
  }

  /** A message passed at its first attempt, and {@link isNext} asked for it. */
  passed(message: ObservedMessage, atMs: number): void {
    this.#sinceMs ??= atMs;
    this.#sample.add({ message, template: undefined }, atMs);
  }

  /** A message has failed: with this the last of `failures`, the others at earlier attempts. */
  failed(message: ObservedMessage, failures: readonly ObservedFailure[], atMs: number): void {
    const failure = failures.at(-1);
    if (failure === undefined) return;
    this.#sinceMs ??= atMs;
    const cause = this.#causeOf(failure, atMs);
    const earlier = failures.slice(0, -1).map(({ fingerprint }) => this.#known.get(fingerprint));
    earlier.at(-1)?.retried(atMs, earlier.at(-1) === cause);
    // Where the handler says that no retry can help there is none, and it would fail again.
    if (failure.permanent === true) cause.retried(atMs, true);
    const isFirst = failures.length === 1;
    if (isFirst && this.#sample.isNext()) this.#sample.add({ message, template: cause.template.id }, atMs);
    cause.failed(failure, message, atMs, { isNew: !earlier.includes(cause), isFirst }, this.#sample);
  }

  /** A message passed that had failed before. */
  recovered(failures: readonly ObservedFailure[], atMs: number): void {
    this.#known.get(failures.at(-1)?.fingerprint ?? '')?.retried(atMs, false);
  }

  /** Something after which failures may begin: a failover, a deployment. */
  happened(name: string, atMs: number): void {
    this.#happenings.push({ name, atMs });
    if (this.#happenings.length > MAX_HAPPENINGS) this.#happenings.shift();
  }

  /**
   * The causes of which enough was seen, most failures first, at most 16. `ofMember`: that this member's failures are its own,
   * where it is known from its peers: said of the cause of most of them.
   */
  patterns(nowMs: number, ofMember?: PlaceFinding): FailurePattern[] {
    const causes = [...this.#causes.values()].filter(({ failures }) => failures >= LEAST_FAILURES);
    return causes
      .toSorted((a, b) => b.failures - a.failures)
      .slice(0, MAX_PATTERNS)
      .map((cause, i) => this.#describe(cause, nowMs, i === 0 ? ofMember : undefined));
  }

  #describe(cause: FailureCause, nowMs: number, ofMember: PlaceFinding | undefined): FailurePattern {
    const course = cause.course(this.#sinceMs ?? nowMs, nowMs, this.#sample);
    const persistence = cause.persistence(course, nowMs);
    const place = this.#placeOf(cause.contrast(persistence)) ?? ofMember;
    const { nature, confidence } = natureOf(persistence, place);
    const { loneMessage } = cause;
    const lone: PlaceFinding[] =
      nature === 'poison' && loneMessage !== undefined
        ? [{ kind: 'one-message', value: loneMessage, failuresThere: 1, passedThere: 0, failingShare: 1, confidence }]
        : [];
    const others: (FailureFinding | undefined)[] = [place, shapeOf(course), afterWhat(course, this.#happenings)];
    return {
      id: cause.template.id,
      template: cause.name,
      fingerprints: [...cause.fingerprints],
      nature,
      confidence,
      findings: [...lone, ...others.filter((finding) => finding !== undefined)],
      evidence: cause.evidence(persistence),
    };
  }

  #causeOf(failure: ObservedFailure, atMs: number): FailureCause {
    const { error, message, frames, fingerprint } = failure;
    let cause = this.#known.get(fingerprint);
    if (cause === undefined || this.#causes.get(cause.template.id) !== cause) {
      const template = this.#miner.learn(maskedMessage(message), `${error}\n${frames[0] ?? ''}`);
      cause = this.#causes.get(template.id) ?? new FailureCause(template, error, atMs, this.#binMs);
    }
    this.#causes.delete(cause.template.id);
    this.#causes.set(cause.template.id, cause);
    if (this.#causes.size > MAX_CAUSES) this.#causes.delete(this.#leastWorth());
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, cause);
    if (this.#known.size > MAX_FINGERPRINTS) this.#known.delete(this.#known.keys().next().value as string);
    return cause;
  }

  /** Seen longest ago, of those that say nothing yet where there are any: a flood of new ones pushes no old one out. */
  #leastWorth(): number {
    let oldest: number | undefined;
    for (const [id, { failures }] of this.#causes) {
      oldest ??= id;
      if (failures < LEAST_FAILURES) return id;
    }
    return oldest as number;
  }
}
