import calculateSlot from 'cluster-key-slot';

/** Hash slot of all keys of one partition (and, with `partition` undefined, of the topic's own). */
export function slotOf(topic: string, partition?: number): number {
  return calculateSlot(partition === undefined ? topic : `${topic}.${partition}`);
}
