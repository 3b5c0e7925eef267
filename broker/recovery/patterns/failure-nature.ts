import type { FailureNature, PlaceFinding } from './failure-pattern.js';
import { CONFIDENT, chernoffTail, confidenceOf } from './significance.js';

/** What became of further attempts, and of other messages meanwhile. */
export interface Persistence {
  /** Handlings of messages that had failed so before, and how many of them failed so again. */
  readonly retries: number;
  readonly failedAgain: number;
  /** Those of them that were handled in a second in which others were handled for the first time. */
  readonly compared: number;
  readonly comparedAgain: number;
  /** Of these others, how many of 1 failed so. */
  readonly othersFailing: number;
  /** Messages handled for the first time while it lasts, and how many of 1 failed so. */
  readonly handled: number;
  readonly failingShare: number;
}

const LEAST_RETRIES = 4;
/** Of further attempts: as many fail again as bear on the message, and no more than that where others pass. */
const STUCK_SHARE = 0.7;
const OTHERS_SHARE = 0.4;
const HELPED_SHARE = 0.5;
/** From here on it is systemic, if it surely is more than the second. */
const SYSTEMIC_SHARE = 0.3;
const SURELY_SHARE = 0.15;

export interface NatureVerdict {
  readonly nature: FailureNature;
  readonly confidence: number;
}

const UNCLEAR: NatureVerdict = { nature: 'unclear', confidence: 0 };

/**
 * Compares each further attempt with the messages that were handled for the first time in the same second: where those pass and
 * it fails again, it is the message; where those fail as well, it is not. A member, a partition or a kind of which everything
 * fails is a way that messages take, and so systemic, though what takes other ways passes; a key is data, and so poison.
 */
export function natureOf(persistence: Persistence, place: PlaceFinding | undefined): NatureVerdict {
  const { retries, failedAgain, compared, comparedAgain, othersFailing, handled, failingShare } = persistence;
  const again = retries === 0 ? 0 : failedAgain / retries;
  const helps = verdict('transient', again < HELPED_SHARE ? chernoffTail(retries, again, STUCK_SHARE) : 1, retries);
  if (place !== undefined && place.kind !== 'one-key' && place.failingShare >= SYSTEMIC_SHARE) {
    return { nature: 'systemic', confidence: place.confidence };
  }
  if (place?.kind === 'one-key' && (retries < LEAST_RETRIES || again >= HELPED_SHARE)) {
    return { nature: 'poison', confidence: place.confidence };
  }
  const stuckShare = compared === 0 ? 0 : comparedAgain / compared;
  if (compared >= LEAST_RETRIES && stuckShare >= STUCK_SHARE && othersFailing <= OTHERS_SHARE) {
    const stuck = verdict('poison', chernoffTail(compared, stuckShare, othersFailing), compared);
    if (stuck.nature !== 'unclear') return stuck;
  }
  if (failingShare >= SYSTEMIC_SHARE)
    return verdict('systemic', chernoffTail(handled, failingShare, SURELY_SHARE), handled);
  return helps;
}

function verdict(nature: FailureNature, p: number, observed: number): NatureVerdict {
  const confidence = confidenceOf(p, 1, observed);
  return confidence < CONFIDENT ? UNCLEAR : { nature, confidence };
}
