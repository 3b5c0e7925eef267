import type { FailingFinding, SlowFinding } from './finding.js';
import type { MemberVitals } from './member-vitals.js';
import type { Verdict } from './trigger.js';

/** What one report of a member says in comparison with its peers'. */
export interface PeerVerdicts {
  readonly slow: { readonly verdict: Verdict; readonly finding: SlowFinding };
  readonly failing: { readonly verdict: Verdict; readonly finding: FailingFinding };
}

/** Handlings without which a member is not compared, and does not serve as a measure. */
const ENOUGH_HANDLINGS = 20;
/** Members to be compared: of two, nobody can say which one is sick. */
const ENOUGH_MEMBERS = 3;
/** Handlers that are slower by less than this are not worth a finding, whatever the ratio: a collection of garbage is as long. */
const LEAST_DIFFERENCE_MS = 10;
/** What is not slow any more is below this much of what is. */
const RELIEF = 0.75;
/** Nearly all handlers fail, and the peers' do not. */
const FAILING = { from: 0.9, until: 0.7, peersAtMost: 0.3, peersRelief: 0.5 };

/**
 * Compares each member with the median of its peers: what is slow or fails everywhere, because a database does, is
 * nobody's sickness, and one sick member among many moves a median little. Members of which too little is known have no
 * entry.
 */
export function compareWithPeers(
  vitals: ReadonlyMap<string, MemberVitals>,
  slowFactor: number,
): Map<string, PeerVerdicts> {
  const known = [...vitals].filter(([, { handlings }]) => handlings >= ENOUGH_HANDLINGS);
  if (known.length < ENOUGH_MEMBERS) return new Map();
  const peersMs = mediansOfOthers(known.map(([, { serviceMs }]) => serviceMs));
  const peersRatio = mediansOfOthers(known.map(([, { failureRatio }]) => failureRatio));
  return new Map(
    known.map(([member, { serviceMs, failureRatio }], i): [string, PeerVerdicts] => [
      member,
      {
        slow: {
          verdict: slowVerdict(serviceMs, peersMs[i]!, slowFactor),
          finding: { kind: 'slow', serviceMs, peersMs: peersMs[i]! },
        },
        failing: {
          verdict: failingVerdict(failureRatio, peersRatio[i]!),
          finding: { kind: 'failing', failureRatio, peersRatio: peersRatio[i]! },
        },
      },
    ]),
  );
}

function slowVerdict(serviceMs: number, peersMs: number, slowFactor: number): Verdict {
  const limitMs = Math.max(peersMs * slowFactor, peersMs + LEAST_DIFFERENCE_MS);
  if (serviceMs > limitMs) return 'sick';
  return serviceMs < limitMs * RELIEF ? 'well' : 'between';
}

function failingVerdict(ratio: number, peers: number): Verdict {
  if (ratio >= FAILING.from && peers <= FAILING.peersAtMost) return 'sick';
  return ratio < FAILING.until || peers > FAILING.peersRelief ? 'well' : 'between';
}

/** For each value the median of all others, at the cost of one sort. Of at least two values. */
export function mediansOfOthers(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const others = values.length - 1;
  const medians = new Array<number>(values.length);
  for (const [rank, index] of order.entries()) {
    const at = (position: number) => values[order[position < rank ? position : position + 1]!]!;
    medians[index] = (at((others - 1) >> 1) + at(others >> 1)) / 2;
  }
  return medians;
}
