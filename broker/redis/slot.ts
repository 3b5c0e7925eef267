import calculateSlot from 'cluster-key-slot';
import type { Directory } from './directory.js';

export const SLOTS = 16_384;

/** Hash slot of all keys of one partition (and, with `partition` undefined, of the topic's own). */
export function slotOf(topic: string, partition?: number): number {
  return calculateSlot(partition === undefined ? topic : `${topic}.${partition}`);
}

/** The first slot that this master serves by the directory's word. */
export function slotServedBy(directory: Pick<Directory, 'masterOf'>, masterId: string): number | undefined {
  for (let slot = 0; slot < SLOTS; slot++) if (directory.masterOf(slot)?.id === masterId) return slot;
  return undefined;
}
