interface Outage {
  /** Undefined while nothing fails by this cause. */
  sinceMs: number | undefined;
  lastFailureMs: number;
  /** How long the latest ones took, ring. */
  readonly took: number[];
  next: number;
}

const MOST_CAUSES = 1_024;
const KEPT_OUTAGES = 16;
/** One outage says little. */
const LEAST_OUTAGES = 2;
/** Failures that are further apart than this are of two outages: nobody saw the first one end. */
const FORGET_MS = 600_000;

/**
 * Learns by fingerprint how long what is broken takes to be well: from the first failure of an outage to the first success of a
 * message that had failed by it. The estimate is the lower quartile of the latest 16, so that a long one does not keep
 * everything waiting: of four outages three are not over before. Bounded: 1,024 causes, the least recently failed goes.
 */
export class RecoveryEstimator {
  readonly #outages = new Map<string, Outage>();

  onFailure(fingerprint: string, nowMs: number): void {
    const outage = this.#outages.get(fingerprint) ?? { sinceMs: undefined, lastFailureMs: nowMs, took: [], next: 0 };
    if (outage.sinceMs !== undefined && nowMs - outage.lastFailureMs > FORGET_MS) outage.sinceMs = undefined;
    outage.sinceMs ??= nowMs;
    outage.lastFailureMs = nowMs;
    this.#outages.delete(fingerprint);
    this.#outages.set(fingerprint, outage);
    if (this.#outages.size > MOST_CAUSES) this.#outages.delete(this.#outages.keys().next().value!);
  }

  /** A message that had failed by it is handled. */
  onRecovery(fingerprint: string, nowMs: number): void {
    const outage = this.#outages.get(fingerprint);
    if (outage?.sinceMs === undefined) return;
    outage.took[outage.next] = nowMs - outage.sinceMs;
    outage.next = (outage.next + 1) % KEPT_OUTAGES;
    outage.sinceMs = undefined;
  }

  /** How long it takes, by what was learned; undefined before that. */
  estimateMs(fingerprint: string): number | undefined {
    const took = this.#outages.get(fingerprint)?.took ?? [];
    if (took.length < LEAST_OUTAGES) return undefined;
    return took.toSorted((a, b) => a - b)[Math.floor((took.length - 1) / 4)];
  }

  /** How long the outage of now is going to last still; 0 where nothing is known, or it lasts longer than that already. */
  remainingMs(fingerprint: string, nowMs: number): number {
    const sinceMs = this.#outages.get(fingerprint)?.sinceMs;
    const estimateMs = this.estimateMs(fingerprint);
    if (sinceMs === undefined || estimateMs === undefined) return 0;
    return Math.max(0, sinceMs + estimateMs - nowMs);
  }
}
