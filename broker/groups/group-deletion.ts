import { BrokerError } from '../broker-error.js';
import { pause } from '../clock.js';
import { groupKeys, membersKey } from '../log/keys.js';
import { slotOf } from '../redis/slot.js';
import { callConfirmed } from './confirmed-pipeline.js';
import type { GroupControl } from './group-control.js';
import type { LeaseRow } from './lease.js';
import { type DeletionMode, deleteCall, parseDeleteReply } from './lease-scripts.js';

export interface DeleteGroupOptions {
  /** Also while members are alive: they end with a `group-deleted` event, and what they handle now is not recorded. */
  readonly force?: boolean;
  /** The group's dead letters and its quarantine go, too; they are kept by default. */
  readonly deadLetters?: boolean;
}

/**
 * Deletes the group on every partition, confirmed by the replicas as its registration was; a group that does not exist is
 * deleted already. Nothing is deleted while an owner is alive: rows that have one are looked at again after their
 * duration, as a challenger does. Throws BrokerError `group-in-use`, or `connection`: then it can be called again.
 */
export async function deleteGroup(context: GroupControl, options: DeleteGroupOptions): Promise<void> {
  const { partitions, clock } = context;
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const askAll = (mode: DeletionMode, seen: readonly (LeaseRow | undefined)[]) =>
    Promise.all(all.map((partition) => askOne(context, partition, mode, options, seen[partition])));
  if (options.force) {
    await askAll('force', []);
    await deleteRoster(context);
    return;
  }
  const seen = await askAll('look', []);
  const longestMs = Math.max(0, ...seen.map((row) => row?.durationMs ?? 0));
  if (longestMs > 0) {
    await pause(clock, longestMs + 1);
    refuseOwned(context, await askAll('look', seen));
  }
  refuseOwned(context, await askAll('delete', seen));
  await deleteRoster(context);
}

/** Members that are still alive come back to it, and learn from their partitions that the group is no more. */
async function deleteRoster({ topic, group, onTopic }: GroupControl): Promise<void> {
  await onTopic((link) => link.call('DEL', membersKey(topic, group)));
}

/** Resolves with the row of the owner that stands in the way. */
function askOne(
  { topic, group, clock, waitMs, replicasOf, onPartition }: GroupControl,
  partition: number,
  mode: DeletionMode,
  { deadLetters = false }: DeleteGroupOptions,
  seen: LeaseRow | undefined,
): Promise<LeaseRow | undefined> {
  const slot = slotOf(topic, partition);
  const keys = groupKeys(topic, partition, group);
  return onPartition(partition, async (link) => {
    const replicas = mode === 'look' ? 0 : replicasOf(slot);
    const call = deleteCall(keys, group, mode, deadLetters, seen);
    const { reply, confirmed } = await callConfirmed(link, call, replicas, { clock, waitMs });
    const owner = parseDeleteReply(reply);
    if (owner !== undefined || mode === 'look') return owner;
    if (confirmed < replicas) {
      throw new BrokerError('connection', `${keys.groups}: ${confirmed} of ${replicas} replicas have confirmed it`);
    }
    // For show only: see show-position.lua.
    link.send(['XGROUP', 'DESTROY', keys.log, group], () => {});
    return undefined;
  });
}

function refuseOwned({ topic, group }: GroupControl, rows: readonly (LeaseRow | undefined)[]): void {
  const partition = rows.findIndex((row) => row !== undefined);
  if (partition < 0) return;
  const what = `member ${rows[partition]!.owner} owns partition ${partition}`;
  throw new BrokerError('group-in-use', `${topic}/${group}: ${what}: close its subscription, or give 'force: true'`);
}
