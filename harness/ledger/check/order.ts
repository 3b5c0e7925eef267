import { NO_KEY } from '../../load/plan.js';
import { MARK, SEND } from '../checked-run.js';
import type { Columns } from './columns.js';

/**
 * Marks what finished after something that the same producer instance handed over later with the same key: one scan
 * backwards that keeps, per key, the earliest first success seen so far. Hand-over order is the plan's order (senders.ts
 * sees to that), and a key belongs to one producer, so its instances follow each other and the minimum starts anew
 * where the instance changes.
 */
export function checkOrder(columns: Columns): void {
  const { plan } = columns.history;
  const keys = highestKey(plan.key) + 1;
  const acceptedNs = new Float64Array(keys);
  const indeterminateNs = new Float64Array(keys);
  const instance = new Int32Array(keys).fill(-1);
  for (let ordinal = plan.count - 1; ordinal >= 0; ordinal--) {
    const key = plan.key[ordinal] as number;
    const doneNs = columns.firstDoneNs[ordinal] as number;
    if (key === NO_KEY || doneNs === 0 || columns.sentNs[ordinal] === 0) continue;
    const sender = columns.sender[ordinal] as number;
    if (instance[key] !== sender) {
      instance[key] = sender;
      acceptedNs[key] = Infinity;
      indeterminateNs[key] = Infinity;
    }
    if (columns.send[ordinal] === SEND.accepted) {
      if (doneNs > (acceptedNs[key] as number)) columns.mark(ordinal, MARK.reordered);
      if (doneNs > (indeterminateNs[key] as number)) columns.mark(ordinal, MARK.reorderedIndeterminate);
      acceptedNs[key] = Math.min(acceptedNs[key] as number, doneNs);
    } else if (columns.send[ordinal] === SEND.indeterminate) {
      const laterNs = Math.min(acceptedNs[key] as number, indeterminateNs[key] as number);
      if (doneNs > laterNs) columns.mark(ordinal, MARK.reorderedIndeterminate);
      indeterminateNs[key] = Math.min(indeterminateNs[key] as number, doneNs);
    }
  }
}

function highestKey(keys: Uint32Array): number {
  let highest = -1;
  for (const key of keys) if (key !== NO_KEY && key > highest) highest = key;
  return highest;
}
