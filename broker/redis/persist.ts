import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import type { Link } from './link.js';
import type { MasterLinks } from './master-links.js';
import { classifyFailure, isRedirection } from './refusal.js';

const RETRY_MS = 50;

/**
 * Performs an idempotent `action` on the link, again and again until it succeeds, Redis refuses for good, or `withinMs`
 * have passed.
 */
export function persist<T>(link: Link, clock: Clock, withinMs: number, action: () => Promise<T>): Promise<T> {
  const target: Target = {
    name: link.name,
    whenOpen: async (signal) => ((await link.whenOpen(signal)) ? link : undefined),
    isEnded: () => link.isEnded,
    lastReason: () => link.lastReason,
    onFailure: () => {},
  };
  return untilDone(target, clock, withinMs, action);
}

/** The same on whatever link leads to the master of `slot` by then. */
export function persistOn<T>(
  links: MasterLinks,
  slot: number,
  clock: Clock,
  withinMs: number,
  action: (link: Link) => Promise<T>,
): Promise<T> {
  const target: Target = {
    name: links.purpose,
    whenOpen: (signal) => links.whenOpen(slot, signal),
    isEnded: () => links.isClosed,
    lastReason: () => links.lastReason(slot),
    onFailure: (error) => {
      if (isRedirection(error)) links.refresh();
    },
  };
  return untilDone(target, clock, withinMs, action);
}

interface Target {
  readonly name: string;
  whenOpen(signal: AbortSignal): Promise<Link | undefined>;
  isEnded(): boolean;
  lastReason(): string;
  onFailure(error: Error): void;
}

async function untilDone<T>(
  target: Target,
  clock: Clock,
  withinMs: number,
  action: (link: Link) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const cancel = clock.after(withinMs, () => deadline.abort());
  let last: Error | undefined;
  try {
    for (;;) {
      const link = await target.whenOpen(deadline.signal);
      if (link === undefined) break;
      try {
        return await action(link);
      } catch (error) {
        last = error as Error;
        if (last instanceof BrokerError && last.code !== 'connection') throw last;
        if (classifyFailure(last) === 'definite') throw new BrokerError('refused', last.message, { cause: last });
        target.onFailure(last);
        await pause(clock, RETRY_MS, deadline.signal);
      }
    }
  } finally {
    cancel();
  }
  if (target.isEnded()) throw new BrokerError('closed', `${target.name} is closed`);
  const reason = last?.message ?? target.lastReason();
  throw new BrokerError('connection', `${target.name}: not reached within ${withinMs} ms: ${reason}`, { cause: last });
}
