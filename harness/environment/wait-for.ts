import type { Clock } from '../clock.js';
import { NS_PER_MS } from '../clock.js';

const POLL_MS = 20;

/**
 * Polls `condition` until it returns something other than undefined; undefined when `deadlineMs` passed first. What the
 * condition throws ends the wait.
 */
export async function waitFor<T>(
  condition: () => T | undefined | Promise<T | undefined>,
  options: { readonly clock: Clock; readonly deadlineMs: number },
  signal?: AbortSignal,
): Promise<T | undefined> {
  const { clock, deadlineMs } = options;
  const endNs = clock.nowNs() + deadlineMs * NS_PER_MS;
  for (;;) {
    signal?.throwIfAborted();
    const value = await condition();
    if (value !== undefined) return value;
    if (clock.nowNs() >= endNs) return undefined;
    await clock.sleep(POLL_MS, signal);
  }
}
