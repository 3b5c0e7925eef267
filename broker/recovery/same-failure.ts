import type { HandlingFailure } from './retry-row.js';

/** What the handlers of this consumer did lately. */
export interface RecentHandlings {
  readonly handlings: number;
  /** How many of 1 failed. */
  readonly failureRatio: number;
}

/** With fewer a consumer cannot tell a sick message from a sick dependency. */
const HANDLINGS = 10;
const MOST_FAILURES = 0.5;
/** Two are a coincidence. */
const LEAST_FAILURES = 3;

/**
 * Whether a message is poison by its failures: all that are known are one and the same, on `consumers` different ones, and
 * here others succeed. Where those fail, too, something that all of them need is ill: then retries are what helps.
 */
export function failsEverywhere(
  failures: readonly HandlingFailure[],
  consumers: number,
  recent: () => RecentHandlings,
): boolean {
  const last = failures.at(-1);
  if (last === undefined || failures.length < LEAST_FAILURES) return false;
  if (!failures.every(({ fingerprint }) => fingerprint === last.fingerprint)) return false;
  if (new Set(failures.map(({ consumer }) => consumer)).size < consumers) return false;
  const { handlings, failureRatio } = recent();
  return handlings >= HANDLINGS && failureRatio < MOST_FAILURES;
}
