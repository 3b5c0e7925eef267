/** What a group has to work off. */
export interface Demand {
  /** Messages that come in. */
  readonly ratePerSec: number;
  /** Messages that are stored and not settled. */
  readonly backlog: number;
  /** What a handler takes. */
  readonly serviceMs: number;
  /** Handlers that each member may run at a time. */
  readonly concurrency: number;
}

export interface Capacity {
  /** The part of its handlers that a member is to have busy with what comes in: the rest is for what varies. */
  readonly targetUtilization: number;
  /** In this time the backlog is to be gone. */
  readonly drainMs: number;
}

/**
 * How many members a group needs, as a fraction. By Little's law (1961) as many handlers are busy as messages come in during
 * the time that one takes; those who work the backlog off in `drainMs` come on top.
 */
export function desiredMembers(demand: Demand, { targetUtilization, drainMs }: Capacity): number {
  const { ratePerSec, backlog, serviceMs, concurrency } = demand;
  const busy = (ratePerSec / 1_000) * serviceMs;
  const draining = (backlog / drainMs) * serviceMs;
  return (busy / targetUtilization + draining) / concurrency;
}
