import { type Clock, NS_PER_MS } from '../clock.js';
import type { Scenario } from '../scenario/scenario.js';

export const READY_DEADLINE_MS = 60_000;
/** A consumer's own deadlines (20 s to stop, 10 s to close) and some more. */
export const CLOSE_DEADLINE_MS = 45_000;
/** Seconds without a message after which a worker that nobody paused is deaf. */
export const DEAF_SECONDS = 10;

/** How long a producer may take to end: until its plan is over, and whatever it may still wait for is too. */
export function sendingDeadlineMs({ load }: Scenario, startNs: number, nowNs: number): number {
  const endMs = load.phases.reduce((sum, phase) => sum + phase.durationMs, 0);
  const leftMs = Math.max(0, endMs - (nowNs - startNs) / NS_PER_MS);
  return leftMs + 2 * load.message.publishDeadlineMs + CLOSE_DEADLINE_MS;
}

/** Calls `onPassed` after so long, unless the returned function is called before. */
export function afterDeadline(clock: Clock, ms: number, onPassed: () => void): () => void {
  const inTime = new AbortController();
  void clock.sleep(ms, inTime.signal).then(onPassed, () => {});
  return () => inTime.abort(new Error('in time'));
}
