import { build, type Histogram } from 'hdr-histogram-js';
import type { HandlingFailure } from '../retry-row.js';
import type { BreakerView } from './breaker-scope.js';

/** What became of the attempts of that number. */
export interface AttemptFigures {
  /** 1 is the first; the last one stands for all from there on. */
  readonly attempt: number;
  readonly handled: number;
  readonly failed: number;
  /** Time that its failed handlings took. */
  readonly wastedMs: number;
}

/** What became of messages that failed by one cause. */
export interface CauseFigures {
  readonly fingerprint: string;
  /** Of the latest failure. */
  readonly error: string;
  readonly failures: number;
  /** Messages whose last failure it was before they were handled, or given up. */
  readonly handledLater: number;
  readonly givenUp: number;
  /** How long it takes to be well, as it was learned; null where that is not known. */
  readonly recoveryMs: number | null;
}

/** How retries do in one subscription, since it began. */
export interface RetryAnalytics {
  /** Handlings, retries included, and messages that were handled for the first time. */
  readonly handlings: number;
  readonly messages: number;
  /** Handlings for each message. */
  readonly amplification: number;
  readonly failures: number;
  readonly givenUp: number;
  /** Of failed handlings. */
  readonly wastedMs: number;
  readonly byAttempt: readonly AttemptFigures[];
  /** Those with the most failures first, 100 at the most. */
  readonly byCause: readonly CauseFigures[];
  /** From a message's first failure until it was handled. */
  readonly timeToSuccessMs: {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly budget: { readonly postponed: number; readonly waiting: number; readonly balance: number } | null;
  readonly breakers: readonly BreakerView[];
}

/** What the counts do not know. */
export interface RetryReadings {
  readonly fresh: number;
  readonly retries: number;
  readonly budget: RetryAnalytics['budget'];
  readonly breakers: readonly BreakerView[];
  recoveryMs(fingerprint: string): number | undefined;
}

interface Cause {
  error: string;
  failures: number;
  handledLater: number;
  givenUp: number;
}

const TOLD_ATTEMPTS = 20;
const MOST_CAUSES = 1_024;
const TOLD_CAUSES = 100;
const LONGEST_MS = 7 * 24 * 3_600_000;

/** Counts what retries bring and cost; looked at where something fails, or is handled after that. Bounded memory. */
export class RetryCounts {
  readonly #handled = new Float64Array(TOLD_ATTEMPTS + 1);
  readonly #failed = new Float64Array(TOLD_ATTEMPTS + 1);
  readonly #wastedMs = new Float64Array(TOLD_ATTEMPTS + 1);
  readonly #causes = new Map<string, Cause>();
  #toSuccess: Histogram | undefined;
  #failures = 0;
  #givenUp = 0;

  onFailure(attempt: number, { fingerprint, error }: HandlingFailure, tookMs: number): void {
    const index = Math.min(attempt, TOLD_ATTEMPTS);
    this.#failures++;
    this.#failed[index]! += 1;
    this.#wastedMs[index]! += tookMs;
    const cause = this.#causes.get(fingerprint) ?? { error, failures: 0, handledLater: 0, givenUp: 0 };
    cause.failures++;
    cause.error = error;
    this.#causes.delete(fingerprint);
    this.#causes.set(fingerprint, cause);
    if (this.#causes.size > MOST_CAUSES) this.#causes.delete(this.#causes.keys().next().value!);
  }

  /** A message that had failed is handled. */
  onRecovery(attempt: number, { fingerprint }: HandlingFailure, sinceFirstFailureMs: number): void {
    this.#handled[Math.min(attempt, TOLD_ATTEMPTS)]! += 1;
    const cause = this.#causes.get(fingerprint);
    if (cause !== undefined) cause.handledLater++;
    this.#toSuccess ??= build({ highestTrackableValue: LONGEST_MS, numberOfSignificantValueDigits: 2 });
    this.#toSuccess.recordValue(Math.min(LONGEST_MS, Math.max(1, Math.round(sinceFirstFailureMs))));
  }

  onGivenUp({ fingerprint }: HandlingFailure): void {
    this.#givenUp++;
    const cause = this.#causes.get(fingerprint);
    if (cause !== undefined) cause.givenUp++;
  }

  read({ fresh, retries, budget, breakers, recoveryMs }: RetryReadings): RetryAnalytics {
    const at = (percentile: number) => this.#toSuccess?.getValueAtPercentile(percentile) ?? 0;
    const causes = [...this.#causes].toSorted(([, a], [, b]) => b.failures - a.failures).slice(0, TOLD_CAUSES);
    return {
      handlings: fresh + retries,
      messages: fresh,
      amplification: fresh === 0 ? 1 : (fresh + retries) / fresh,
      failures: this.#failures,
      givenUp: this.#givenUp,
      wastedMs: this.#wastedMs.reduce((total, ms) => total + ms, 0),
      byAttempt: this.#byAttempt(fresh),
      byCause: causes.map(([fingerprint, cause]) => ({
        fingerprint,
        ...cause,
        recoveryMs: recoveryMs(fingerprint) ?? null,
      })),
      timeToSuccessMs: {
        count: this.#toSuccess?.totalCount ?? 0,
        p50: at(50),
        p99: at(99),
        max: this.#toSuccess?.maxValue ?? 0,
      },
      budget,
      breakers,
    };
  }

  /** First attempts are not counted one by one: those that did not fail were handled, or are under way. */
  #byAttempt(fresh: number): AttemptFigures[] {
    const figures: AttemptFigures[] = [];
    for (let attempt = 1; attempt <= TOLD_ATTEMPTS; attempt++) {
      const failed = this.#failed[attempt]!;
      const handled = attempt === 1 ? Math.max(0, fresh - failed) : this.#handled[attempt]!;
      if (handled + failed > 0) figures.push({ attempt, handled, failed, wastedMs: this.#wastedMs[attempt]! });
    }
    return figures;
  }
}
