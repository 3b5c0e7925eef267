import { type CheckedRun, SEND } from '../ledger/checked-run.js';
import type { Span } from './metric.js';
import { eachOrdinal, subtract } from './scope.js';

const WINDOW_NS = 1e9;
const CONSECUTIVE = 3;
const GOOD_SHARE = 0.95;
const MIN_MESSAGES = 100;

export interface Recovery {
  /** From the given time to the first of three consecutive good windows; `Infinity`: never. */
  readonly afterMs: number;
  /** Complete windows that were looked at. */
  readonly windows: number;
}

/**
 * Start of the first of three consecutive 1 s windows, aligned to the given time, in each of which at least 95 % of the
 * messages intended there (rejected and indeterminate ones missed) were done within the limit. A window is longer where
 * a second holds fewer than 100 messages.
 */
export function recoveryAfter(
  run: CheckedRun,
  /** Monotonic time of the injection, or of the lifting. */
  fromNs: number,
  limitMs: number,
  without: readonly Span[] = [],
): Recovery {
  const { plan, startNs } = run.history;
  const beganNs = fromNs - startNs;
  let windows = 0;
  let good = 0;
  let firstGoodNs = 0;
  for (let windowNs = beganNs; ; ) {
    const window = readWindow(run, windowNs, limitMs, without);
    if (!window) return { afterMs: Infinity, windows };
    windows++;
    if (window.inTime < GOOD_SHARE * window.messages) good = 0;
    else if (good++ === 0) firstGoodNs = windowNs;
    if (good === CONSECUTIVE) return { afterMs: (firstGoodNs - beganNs) / 1e6, windows };
    windowNs = window.toNs;
    if (windowNs >= plan.endNs) return { afterMs: Infinity, windows };
  }
}

/** The window from `fromNs`, as many seconds as it takes; undefined when the load ends before it is complete. */
function readWindow(run: CheckedRun, fromNs: number, limitMs: number, without: readonly Span[]) {
  const { plan, startNs } = run.history;
  let messages = 0;
  let inTime = 0;
  for (let secondNs = fromNs; secondNs + WINDOW_NS <= plan.endNs; secondNs += WINDOW_NS) {
    const toNs = secondNs + WINDOW_NS;
    eachOrdinal(run, subtract([{ fromNs: secondNs, toNs }], without), (ordinal) => {
      if (run.send[ordinal] === SEND.withheld || plan.poison[ordinal] !== 0) return;
      messages++;
      if (run.send[ordinal] !== SEND.accepted || run.successes[ordinal] === 0) return;
      const doneMs = ((run.firstDoneNs[ordinal] as number) - startNs - (plan.intendedNs[ordinal] as number)) / 1e6;
      if (doneMs <= limitMs) inTime++;
    });
    if (messages >= MIN_MESSAGES) return { toNs, messages, inTime };
  }
  return undefined;
}
