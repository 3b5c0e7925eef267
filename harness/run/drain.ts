import { type Clock, NS_PER_MS } from '../clock.js';

/** Added to the system's own redelivery time before silence counts as the end. */
const MARGIN_MS = 2000;
const POLL_MS = 50;

export interface DrainOptions {
  /** Longest time after which the system hands out an unsettled message again. */
  readonly redeliveryAfterMs: number;
  readonly deadlineMs: number;
  /** Monotonic time of the last handling seen, 0 if none. */
  lastHandledNs(): number;
  /** Messages that the system still owes to a consumer, by its inventory. */
  owed(signal: AbortSignal): Promise<number>;
  readonly clock: Clock;
}

/** Silence after which nothing more is expected: the system's redelivery time and 2 s. */
export function quietMs(redeliveryAfterMs: number): number {
  return redeliveryAfterMs + MARGIN_MS;
}

/**
 * Waits until nothing was handled for {@link quietMs} and the system owes nothing more, or until the deadline passes:
 * what is then still owed is stranded. Returns whether it ended settled.
 */
export async function drain(options: DrainOptions, signal: AbortSignal): Promise<boolean> {
  const { clock, deadlineMs, redeliveryAfterMs } = options;
  const startNs = clock.nowNs();
  const leftMs = () => deadlineMs - (clock.nowNs() - startNs) / NS_PER_MS;
  for (;;) {
    await silence(options, quietMs(redeliveryAfterMs), startNs, signal);
    if ((await options.owed(signal)) === 0) return true;
    if (leftMs() <= 0) return false;
    await clock.sleep(Math.min(1000, Math.max(leftMs(), POLL_MS)), signal);
  }
}

/** Resolves when nothing was handled for `silentMs`, counted from `sinceNs` at the earliest. */
export async function silence(
  options: Pick<DrainOptions, 'clock' | 'deadlineMs' | 'lastHandledNs'>,
  silentMs: number,
  sinceNs: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, deadlineMs } = options;
  const limitNs = sinceNs + Math.max(deadlineMs, silentMs) * NS_PER_MS;
  for (;;) {
    const nowNs = clock.nowNs();
    const quietSinceNs = Math.max(options.lastHandledNs(), sinceNs);
    if (nowNs - quietSinceNs >= silentMs * NS_PER_MS || nowNs >= limitNs) return;
    await clock.sleep(POLL_MS, signal);
  }
}
