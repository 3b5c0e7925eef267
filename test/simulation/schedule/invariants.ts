import { finalInventory } from './final-inventory.js';
import type { Published } from './journal.js';
import type { Stage } from './stage.js';

/** What has to hold when faults are over and everything had its time. */
export function checkEnd(stage: Stage): void {
  const { journal } = stage;
  const stored = finalInventory(stage);
  for (const [partition, ids] of stored.unsettled) {
    journal.violation('no-wedge', `partition ${partition}: not settled: ${ids.join(', ')}`);
  }
  for (const id of stored.storedTwice) journal.violation('stored-once', id);
  const dead = new Set<string>();
  for (const id of stored.deadLetters) {
    if (dead.has(id)) journal.violation('dead-letter-once', `${id} is twice among the dead letters`);
    dead.add(id);
  }
  for (const id of stored.quarantined) journal.violation('nothing-damaged', `${id} is in quarantine`);
  const settled = new Set([...journal.finished, ...dead]);
  const lost = [...journal.published.values()].filter(({ id, outcome }) => outcome === 'accepted' && !settled.has(id));
  checkLost(stage, lost);
}

function checkLost({ plan, journal }: Stage, lost: readonly Published[]): void {
  const isCovered = (message: Published) => plan.durability === 'leader' || message.confirmedBy === 0;
  const counts = new Map<string, string[]>();
  for (const message of lost) {
    const mayDie = isCovered(message) && journal.deadProducers.has(message.producer);
    if (mayDie) continue;
    const key = `${message.producer} ${message.partition}`;
    const ids = counts.get(key) ?? [];
    ids.push(message.id);
    counts.set(key, ids);
  }
  for (const [key, ids] of counts) {
    const reported = plan.durability === 'leader' ? (journal.reportedLost.get(key) ?? 0) : 0;
    if (ids.length > reported) {
      journal.violation('nothing-lost', `${ids.join(', ')} acknowledged, never handled; ${reported} reported lost`);
    }
  }
}
