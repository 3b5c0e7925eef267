import { finalInventory } from './final-inventory.js';
import type { Published } from './journal.js';
import { isKiller, MAX_KILLS, type Stage } from './stage.js';

/** What has to hold when faults are over and everything had its time. */
export function checkEnd(stage: Stage): void {
  const { journal } = stage;
  const stored = finalInventory(stage);
  for (const [partition, ids] of stored.unsettled) {
    journal.violation('no-wedge', `partition ${partition}: not settled: ${ids.join(', ')}`);
  }
  for (const id of twice(stored.appended)) journal.violation('stored-once', `${id} is stored twice`);
  for (const id of twice(stored.deadLetters)) {
    journal.violation('dead-letter-once', `${id} is twice among the dead letters`);
  }
  checkQuarantined(stage, stored.quarantined);
  checkUnique(stage, stored.appended);
  const finished = [...journal.finished].filter((id) => !journal.returned.has(id) || journal.wasHandled(id));
  checkLost(stage, new Set([...finished, ...stored.deadLetters, ...stored.quarantined]));
}

/** Nothing is undecodable here: only what kills is set aside, once, after so many deaths as it takes. */
function checkQuarantined(stage: Stage, quarantined: readonly string[]): void {
  const { journal, plan } = stage;
  for (const id of twice(quarantined)) journal.violation('dead-letter-once', `${id} is twice in quarantine`);
  for (const id of quarantined) {
    // Whoever is killed from outside while it tries a suspect looks like one that has died of it.
    if (isKiller(stage, id) || (journal.cutShort.get(id) ?? 0) >= MAX_KILLS) continue;
    journal.violation('healthy-stays', `${id} is in quarantine, and kills nobody`);
  }
  // Two deaths before it is a suspect, those of its trials; each fault may cost what was known of it by then.
  const most = (MAX_KILLS + 2) * (1 + plan.faults.length);
  for (const [id, deaths] of journal.deathsOf) {
    if (deaths > most)
      journal.violation('healthy-stays', `${id} has ended ${deaths} processes, of ${most} at the most`);
  }
}

function twice(values: readonly string[]): string[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}

/** Application ids are known by the server's clock: where clocks disagree nothing is promised. */
function checkUnique({ plan, journal }: Stage, appended: readonly string[]): void {
  if (plan.skewMs > 0 || plan.faults.some(({ kind }) => kind === 'server-clock-stepped')) return;
  const ids = appended.flatMap((id) => journal.published.get(id)?.dedupeId ?? []);
  for (const id of twice(ids)) journal.violation('stored-once', `application id ${id} is stored twice`);
}

function checkLost(stage: Stage, settled: ReadonlySet<string>): void {
  const { journal } = stage;
  const accepted = [...journal.published.values()].filter(({ outcome }) => outcome === 'accepted');
  const lost = new Map<string, Published[]>();
  for (const message of accepted) {
    if (settled.has(message.id) || isExcepted(stage, message)) continue;
    if (message.dedupeId !== undefined && isAccountedFor(stage, message.dedupeId, settled)) continue;
    if (message.isDuplicate) {
      journal.violation('nothing-lost', `${message.id} is a duplicate of nothing`);
      continue;
    }
    const key = `${message.producer} ${message.partition}`;
    lost.set(key, [...(lost.get(key) ?? []), message]);
  }
  for (const [key, messages] of lost) {
    const mayBeReported = messages.every((message) => isUnconfirmed(stage, message));
    const reported = mayBeReported ? (journal.reportedLost.get(key) ?? 0) : 0;
    if (messages.length <= reported) continue;
    const ids = messages.map(({ id }) => id).join(', ');
    journal.violation('nothing-lost', `${ids} acknowledged, never handled; ${reported} reported lost`);
  }
}

function isUnconfirmed({ plan }: Stage, { confirmedBy }: Published): boolean {
  if (plan.durability === 'leader') return true;
  // A failover may go to the one that had not confirmed. Without `degrade` all confirm that can be promoted, whatever a receipt says.
  return plan.onReplicaLoss === 'degrade' && (confirmedBy ?? 0) < plan.replicas;
}

/** Nobody was promised that a message outlives its producer and a failover to a replica that had not confirmed it. */
function isExcepted(stage: Stage, message: Published): boolean {
  return isUnconfirmed(stage, message) && stage.journal.deadProducers.has(message.producer);
}

/**
 * One of the messages with this application id is settled, which makes the others duplicates, also after the fact: where
 * a failover lost both, and another producer's was stored again first. Or it is among what may be lost.
 */
function isAccountedFor(stage: Stage, dedupeId: string, settled: ReadonlySet<string>): boolean {
  const { journal } = stage;
  return [...journal.published.values()].some((message) => {
    if (message.dedupeId !== dedupeId) return false;
    const isReported = journal.reportedLost.has(`${message.producer} ${message.partition}`);
    return settled.has(message.id) || isExcepted(stage, message) || (isUnconfirmed(stage, message) && isReported);
  });
}
