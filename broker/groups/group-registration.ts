import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import { groupKeys } from '../log/keys.js';
import type { Directory } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { classifyFailure, isRedirection } from '../redis/refusal.js';
import { slotOf } from '../redis/slot.js';
import { type CallResult, ConfirmedPipeline } from './confirmed-pipeline.js';
import { parseRegisterReply, registerCall } from './lease-scripts.js';
import { waitMsOf } from './lease-timing.js';
import { replicasOf } from './ownership.js';
import type { SubscriptionContext } from './subscription-context.js';
import type { StartAt } from './subscription-options.js';

export interface RegistrationOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly startAt: StartAt;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly waitMs: number;
  linkOf(slot: number): Link | undefined;
  replicasOf(slot: number): number;
}

const RETRY_MS = 50;
/** An error names no more partitions than this. */
const MOST_NAMED = 16;

/**
 * Registers the group on every partition: from then on the logs keep what it has not settled. What a failed attempt has
 * registered stays, since another member may rely on it by now: {@link explain} says what that is.
 */
export class GroupRegistration {
  readonly #options: RegistrationOptions;
  /** Partitions that have the group because of this attempt. */
  readonly #made = new Set<number>();
  /** Partitions that had it before. */
  readonly #found = new Set<number>();
  /** Partitions that were asked, and nobody knows what became of it. */
  readonly #unanswered = new Set<number>();

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * Confirmed by the replicas, so that no failover undoes it. Throws BrokerError when Redis refuses, `withinMs` have passed,
   * or `signal` aborts.
   */
  async complete(withinMs: number, signal: AbortSignal): Promise<void> {
    const { topic, partitions, group, clock, directory, linkOf } = this.#options;
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
          throw new BrokerError(
            'connection',
            `${place}: group '${group}' not registered within ${withinMs} ms: ${reason}`,
          );
        }
        const byLink = new Map<Link, number[]>();
        for (const partition of missing) {
          const link = linkOf(slotOf(topic, partition));
          if (link?.isOpen) byLink.set(link, [...(byLink.get(link) ?? []), partition]);
          else if (link !== undefined) reason = link.lastReason;
        }
        const failures = await Promise.all([...byLink].map(([link, some]) => this.#registerOn(link, some)));
        const done = new Set<number>();
        for (const [i, failure] of failures.entries()) {
          const some = [...byLink.values()][i]!;
          if (failure === undefined) for (const partition of some) done.add(partition);
          else if (classifyFailure(failure) === 'definite') {
            throw new BrokerError('refused', `${topic}/${group}: ${failure.message}`, { cause: failure });
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

  /** Why the group has no member now, and where it is registered nevertheless: whose logs are not trimmed, and what to do. */
  explain(error: unknown): unknown {
    const { topic, group } = this.#options;
    if (!(error instanceof BrokerError) || this.#made.size + this.#unanswered.size === 0) return error;
    const places = [...named('', this.#made), ...named('maybe ', this.#unanswered)].join(', ');
    // Deleting is no remedy where that would delete what somebody had before.
    const remedy = this.#found.size > 0 ? 'subscribe again' : `subscribe again, or deleteGroup('${topic}', '${group}')`;
    const rest = `the log keeps everything for it on partitions ${places}: ${remedy}`;
    return new BrokerError(error.code, `${error.message}; group '${group}' is registered now, and ${rest}`, {
      cause: error,
    });
  }

  /** Returns why it is not registered and confirmed on all of them. */
  #registerOn(link: Link, partitions: readonly number[]): Promise<Error | undefined> {
    const { topic, group, startAt, clock, waitMs, replicasOf } = this.#options;
    const pipeline = new ConfirmedPipeline(link, () => clock.nowMs(), waitMs);
    const calls = partitions.map((partition) => registerCall(groupKeys(topic, partition, group), group, startAt));
    const replicas = replicasOf(slotOf(topic, partitions[0]!));
    return new Promise((resolve) => {
      pipeline.send(calls, replicas, ({ results, isConfirmed, confirmed }) => {
        for (const [i, result] of results.entries()) this.#onResult(partitions[i]!, result);
        const failed = results.find(({ error }) => error !== undefined)?.error;
        const unconfirmed = new BrokerError('connection', `${confirmed} of ${replicas} replicas have confirmed it`);
        resolve(failed ?? (isConfirmed ? undefined : unconfirmed));
      });
    });
  }

  #onResult(partition: number, { error, reply }: CallResult): void {
    if (this.#made.has(partition) || this.#found.has(partition)) return;
    if (error !== undefined) {
      if (classifyFailure(error) === 'ambiguous') this.#unanswered.add(partition);
      return;
    }
    // What is there after a request without an answer is there because of it.
    const wasAsked = this.#unanswered.delete(partition);
    (parseRegisterReply(reply) || wasAsked ? this.#made : this.#found).add(partition);
  }
}

function named(prefix: string, partitions: ReadonlySet<number>): string[] {
  if (partitions.size === 0) return [];
  const sorted = [...partitions].sort((a, b) => a - b);
  const rest = sorted.length - MOST_NAMED;
  return [`${prefix}${sorted.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

/** Of a member that is about to join. */
export function registrationOf(
  { topic, partitions, group, directory, policy, clock, options }: SubscriptionContext,
  linkOf: (slot: number) => Link | undefined,
): GroupRegistration {
  return new GroupRegistration({
    topic,
    partitions,
    group,
    startAt: options.startAt,
    directory,
    clock,
    waitMs: waitMsOf(options.lease),
    linkOf,
    replicasOf: (slot) => replicasOf(directory, slot, policy),
  });
}
