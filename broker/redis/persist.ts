import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import type { Link } from './link.js';
import type { MasterLinks } from './master-links.js';
import { classifyFailure, isRedirection } from './refusal.js';

const RETRY_MS = 50;

/**
 * Performs an idempotent `action` on the link that leads to the master of `slot` by then, again and again until it succeeds,
 * Redis refuses for good, or `withinMs` have passed.
 */
export async function persistOn<T>(
  links: MasterLinks,
  slot: number,
  clock: Clock,
  withinMs: number,
  action: (link: Link) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const cancel = clock.after(withinMs, () => deadline.abort());
  let last: Error | undefined;
  try {
    for (;;) {
      const link = await links.whenOpen(slot, deadline.signal);
      if (link === undefined) break;
      try {
        return await action(link);
      } catch (error) {
        last = error as Error;
        if (last instanceof BrokerError && last.code !== 'connection') throw last;
        if (classifyFailure(last) === 'definite') throw new BrokerError('refused', last.message, { cause: last });
        if (isRedirection(last)) links.refresh();
        await pause(clock, RETRY_MS, deadline.signal);
      }
    }
  } finally {
    cancel();
  }
  const name = links.purpose;
  if (links.isClosed) throw new BrokerError('closed', `${name} is closed`);
  const reason = last?.message ?? links.lastReason(slot);
  const place = links.directory.masterOf(slot)?.id ?? 'a master';
  throw new BrokerError('connection', `${name}: ${place} not reached within ${withinMs} ms: ${reason}`, {
    cause: last,
  });
}
