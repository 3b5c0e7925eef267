import { type CheckedRun, SEND } from '../ledger/checked-run.js';
import { firstDueAt } from './scope.js';

/**
 * The longest gap in ms between first successes, from a monotonic time (of an injection or a lifting) to the end of the load, while messages were due:
 * a gap begins at the success before it, or when the first message became due that was not yet done. The last gap ends
 * with the load.
 */
export function unavailableAfterMs(run: CheckedRun, beganNs: number): number {
  const { plan, startNs } = run.history;
  const endNs = startNs + plan.endNs;
  const doneNs = successesBetween(run, beganNs, endNs);
  let longestNs = 0;
  let fromNs = beganNs;
  let waiting = 0;
  let next = firstDueAt(run, beganNs - startNs);
  for (let i = 0; i <= doneNs.length; i++) {
    const toNs = i < doneNs.length ? (doneNs[i] as number) : endNs;
    // Done messages stay done and due ones due, so both of these only move forward.
    while (waiting < plan.count && !isDoneAfter(run, waiting, fromNs)) waiting++;
    while (next < plan.count && (dueTime(run, next) < fromNs || !isOffered(run, next))) next++;
    const dueNs = Math.min(dueTime(run, waiting), dueTime(run, next));
    longestNs = Math.max(longestNs, toNs - Math.max(fromNs, dueNs));
    fromNs = toNs;
  }
  return longestNs / 1e6;
}

function successesBetween(run: CheckedRun, fromNs: number, toNs: number): Float64Array {
  const { firstDoneNs } = run;
  const within = (ns: number) => ns > fromNs && ns < toNs;
  let count = 0;
  for (let ordinal = 0; ordinal < firstDoneNs.length; ordinal++) if (within(firstDoneNs[ordinal] as number)) count++;
  const successes = new Float64Array(count);
  for (let ordinal = 0, i = 0; i < count; ordinal++) {
    const ns = firstDoneNs[ordinal] as number;
    if (within(ns)) successes[i++] = ns;
  }
  return successes.sort();
}

/** Messages that are never done do not make every later pause of the load a gap; they count when they become due. */
function isDoneAfter(run: CheckedRun, ordinal: number, ns: number): boolean {
  return (run.firstDoneNs[ordinal] as number) > ns;
}

function isOffered(run: CheckedRun, ordinal: number): boolean {
  return run.send[ordinal] !== SEND.withheld && run.history.plan.poison[ordinal] === 0;
}

function dueTime(run: CheckedRun, ordinal: number): number {
  const { plan, startNs } = run.history;
  return ordinal < plan.count ? startNs + (plan.intendedNs[ordinal] as number) : Infinity;
}
