import type { Durability, OnReplicaLoss } from '../log/message.js';
import type { Directory, ReplicaCensus } from './directory.js';

/**
 * - `publish`: a frame of messages.
 * - `lease`: an acquisition or renewal. Whatever the durability, since an owner that only a master which nobody follows
 *   knows of is an owner beside the next one.
 */
export type ConfirmationPurpose = 'publish' | 'lease';

/**
 * How many replicas have to confirm a write (the `n` of `WAIT n`).
 *
 * All configured ones by default: with fewer, a partition can leave the master and the confirming replica in the
 * minority. `replicated` keeps a floor of one, also where the census knows no replica (any more): a write that nobody
 * copied is not replicated. `fsync` has that floor where there are replicas.
 */
export function confirmations(
  durability: Durability,
  onReplicaLoss: OnReplicaLoss,
  { configured, down }: ReplicaCensus,
  purpose: ConfirmationPurpose,
): number {
  const reachable = Math.max(0, configured - down);
  if (purpose === 'lease') return reachable;
  if (durability === 'leader') return 0;
  if (onReplicaLoss === 'degrade') return reachable;
  const floor = durability === 'fsync' && configured === 0 ? 0 : 1;
  return Math.max(floor, onReplicaLoss === 'block' ? configured : reachable);
}

/** How many replicas of the slot's master a new topic waits for. */
export function topicConfirmations(
  directory: Directory,
  slot: number,
  durability: Durability,
  onReplicaLoss: OnReplicaLoss,
): number {
  const master = directory.masterOf(slot);
  if (master === undefined || onReplicaLoss === 'degrade') return 0;
  return confirmations(durability, onReplicaLoss, directory.census(master), 'publish');
}
