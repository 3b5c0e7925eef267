import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import { groupKeys } from '../log/keys.js';
import type { Directory } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { classifyFailure, isRedirection } from '../redis/refusal.js';
import { slotOf } from '../redis/slot.js';
import { ConfirmedPipeline } from './confirmed-pipeline.js';
import { registerCall } from './lease-scripts.js';

export interface RegistrationOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly waitMs: number;
  linkOf(slot: number): Link | undefined;
  replicasOf(slot: number): number;
}

const RETRY_MS = 50;

/**
 * Registers the group on every partition: from then on the logs keep what it has not settled. Confirmed by the replicas,
 * so that no failover undoes it. Throws BrokerError when Redis refuses, `withinMs` have passed, or `signal` aborts.
 */
export async function registerGroup(
  options: RegistrationOptions,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { topic, partitions, group, clock, directory, linkOf } = options;
  const deadline = new AbortController();
  const cancel = clock.after(withinMs, () => deadline.abort());
  const onAbort = () => deadline.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  let missing = Array.from({ length: partitions }, (_, partition) => partition);
  let reason = 'no master is named';
  try {
    while (missing.length > 0) {
      if (signal.aborted) throw new BrokerError('closed', `${topic}/${group}: closed while it was registered`);
      if (deadline.signal.aborted) {
        const place = groupKeys(topic, missing[0]!, group).groups;
        throw new BrokerError('connection', `${place}: group not registered within ${withinMs} ms: ${reason}`);
      }
      const byLink = new Map<Link, number[]>();
      for (const partition of missing) {
        const link = linkOf(slotOf(topic, partition));
        if (link?.isOpen) byLink.set(link, [...(byLink.get(link) ?? []), partition]);
        else if (link !== undefined) reason = link.lastReason;
      }
      const failures = await Promise.all([...byLink].map(([link, some]) => registerOn(options, link, some)));
      const done = new Set<number>();
      for (const [i, failure] of failures.entries()) {
        const some = [...byLink.values()][i]!;
        if (failure === undefined) for (const partition of some) done.add(partition);
        else if (classifyFailure(failure) === 'definite') {
          throw new BrokerError('refused', failure.message, { cause: failure });
        } else {
          reason = failure.message;
          if (isRedirection(failure)) directory.refresh();
        }
      }
      missing = missing.filter((partition) => !done.has(partition));
      if (missing.length > 0) await pause(clock, RETRY_MS, deadline.signal);
    }
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Returns why it is not registered and confirmed on all of them. */
function registerOn(
  { topic, group, clock, waitMs, replicasOf }: RegistrationOptions,
  link: Link,
  partitions: readonly number[],
): Promise<Error | undefined> {
  const pipeline = new ConfirmedPipeline(link, () => clock.nowMs(), waitMs);
  const calls = partitions.map((partition) => registerCall(groupKeys(topic, partition, group), group));
  const replicas = replicasOf(slotOf(topic, partitions[0]!));
  return new Promise((resolve) => {
    pipeline.send(calls, replicas, ({ results, isConfirmed, confirmed }) => {
      const failed = results.find(({ error }) => error !== undefined)?.error;
      const unconfirmed = new BrokerError('connection', `${confirmed} of ${replicas} replicas have confirmed it`);
      resolve(failed ?? (isConfirmed ? undefined : unconfirmed));
    });
  });
}
