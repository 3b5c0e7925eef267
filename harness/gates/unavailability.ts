import { type CheckedRun, SEND } from '../ledger/checked-run.js';
import type { FaultRecord } from '../ledger/history.js';
import { firstDueAt } from './scope.js';

/**
 * The longest gap in ms between first successes, from the injection to the end of the load, while messages were due:
 * a gap begins at the success before it, or when the first message became due that was not yet done. The last gap ends
 * with the load.
 */
export function unavailableAfterMs(run: CheckedRun, episode: FaultRecord): number {
  const { plan, startNs } = run.history;
  const injectedNs = episode.injectedNs as number;
  const endNs = startNs + plan.endNs;
  const doneNs = run.firstDoneNs.filter((ns) => ns > injectedNs && ns < endNs).sort();
  let longestNs = 0;
  let fromNs = injectedNs;
  let waiting = 0;
  for (let i = 0; i <= doneNs.length; i++) {
    const toNs = i < doneNs.length ? (doneNs[i] as number) : endNs;
    // Done messages stay done, so the oldest one still to be done only moves forward.
    while (waiting < plan.count && !isDoneAfter(run, waiting, fromNs)) waiting++;
    const dueNs = Math.min(dueTime(run, waiting), dueTime(run, nextOffered(run, fromNs - startNs)));
    longestNs = Math.max(longestNs, toNs - Math.max(fromNs, dueNs));
    fromNs = toNs;
  }
  return longestNs / 1e6;
}

/** Messages that are never done do not make every later pause of the load a gap; they count when they become due. */
function isDoneAfter(run: CheckedRun, ordinal: number, ns: number): boolean {
  return (run.firstDoneNs[ordinal] as number) > ns;
}

function nextOffered(run: CheckedRun, ns: number): number {
  const { plan } = run.history;
  let ordinal = firstDueAt(run, ns);
  while (ordinal < plan.count && (run.send[ordinal] === SEND.withheld || plan.poison[ordinal] !== 0)) ordinal++;
  return ordinal;
}

function dueTime(run: CheckedRun, ordinal: number): number {
  const { plan, startNs } = run.history;
  return ordinal < plan.count ? startNs + (plan.intendedNs[ordinal] as number) : Infinity;
}
