import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import type { Link } from './link.js';
import { classifyFailure } from './refusal.js';

const RETRY_MS = 50;

/**
 * Performs an idempotent `action` on the link, again and again until it succeeds, Redis refuses for good, or `withinMs`
 * have passed.
 */
export async function persist<T>(link: Link, clock: Clock, withinMs: number, action: () => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const cancel = clock.after(withinMs, () => deadline.abort());
  let last: Error | undefined;
  try {
    while (await link.whenOpen(deadline.signal)) {
      try {
        return await action();
      } catch (error) {
        last = error as Error;
        if (last instanceof BrokerError && last.code !== 'connection') throw last;
        if (classifyFailure(last) === 'definite') throw new BrokerError('refused', last.message, { cause: last });
        await pause(clock, RETRY_MS, deadline.signal);
      }
    }
  } finally {
    cancel();
  }
  if (link.isEnded) throw new BrokerError('closed', `${link.name} is closed`);
  const reason = last?.message ?? link.lastReason;
  throw new BrokerError('connection', `${link.name}: not reached within ${withinMs} ms: ${reason}`, { cause: last });
}
