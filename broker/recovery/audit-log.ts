import { BrokerError } from '../broker-error.js';
import { callConfirmed } from '../groups/confirmed-pipeline.js';
import type { GroupControl } from '../groups/group-control.js';
import { mapOf } from '../groups/lease-scripts.js';
import { pagedEntries, readPage } from '../log/inventory.js';
import { auditKey } from '../log/keys.js';
import { Script } from '../redis/script.js';
import { slotOf } from '../redis/slot.js';

const auditScript = new Script(new URL('./audit.lua', import.meta.url));

export type AuditedAction = 'redrive' | 'purge' | 'release' | 'discard';

/** Who does something, and why: for the record. */
export interface Warrant {
  /** Free text, such as a name (default `unnamed`). */
  readonly by?: string;
  readonly reason?: string;
}

/** What somebody did with what a group has given up. */
export interface AuditRecord {
  /** Entry of the record. */
  readonly id: string;
  /** When it began, by the server's clock. */
  readonly atMs: number;
  readonly action: AuditedAction;
  readonly by: string;
  readonly reason: string | undefined;
  /** With which of them: see `DeadLetterFilter`. Of many refs the first ones. */
  readonly filter: unknown;
  /** What came of it: counts, or the error; undefined while it runs, or where that could not be noted. */
  readonly outcome: unknown;
}

/** Records that are kept of a group, about: two of each action. */
const KEPT = 4_096;
const NAMED_REFS = 20;
const TEXT_CHARACTERS = 500;

/**
 * Notes the action, confirmed by the replicas, before it changes anything; then does it, and notes what came of it. Throws
 * what the action throws; BrokerError `connection` where it cannot be noted, and does nothing then.
 */
export async function audited<T extends number | object>(
  control: GroupControl,
  action: AuditedAction,
  filter: { readonly refs?: readonly string[] },
  { by = 'unnamed', reason }: Warrant,
  perform: () => Promise<T>,
): Promise<T> {
  const refs = filter.refs === undefined ? {} : { refs: filter.refs.slice(0, NAMED_REFS), count: filter.refs.length };
  const id = await note(control, {
    action,
    by: by.slice(0, TEXT_CHARACTERS),
    ...(reason !== undefined && { reason: reason.slice(0, TEXT_CHARACTERS) }),
    filter: JSON.stringify({ ...filter, ...refs }),
  });
  // What was done, or has failed, is what the caller is told, whether or not that could be noted.
  const noteOutcome = (outcome: unknown) => note(control, { of: id, outcome: JSON.stringify(outcome) }).catch(() => {});
  try {
    const result = await perform();
    await noteOutcome(result);
    return result;
  } catch (error) {
    await noteOutcome({ error: String(error) });
    throw error;
  }
}

/** Oldest first. */
export async function readAudit(control: GroupControl): Promise<AuditRecord[]> {
  const { topic, group } = control;
  const records = new Map<string, AuditRecord>();
  const read = (start: string) => control.onTopic((link) => readPage(link, auditKey(topic, group), start, '+'));
  for await (const [entry, fields] of pagedEntries(read, '-')) {
    const id = String(entry);
    const values = mapOf(fields);
    const text = (name: string) => values.get(name)?.toString();
    const begun = records.get(text('of') ?? '');
    if (begun !== undefined) records.set(begun.id, { ...begun, outcome: JSON.parse(text('outcome') ?? 'null') });
    if (values.has('of')) continue;
    records.set(id, {
      id,
      atMs: Number.parseInt(id, 10),
      action: text('action') as AuditedAction,
      by: text('by') ?? '',
      reason: text('reason'),
      filter: JSON.parse(text('filter') ?? '{}'),
      outcome: undefined,
    });
  }
  return [...records.values()];
}

function note(control: GroupControl, fields: Readonly<Record<string, string>>): Promise<string> {
  const { topic, group } = control;
  const call = { script: auditScript, keys: [auditKey(topic, group)], args: [KEPT, ...Object.entries(fields).flat()] };
  return control.onTopic(async (link) => {
    const replicas = control.replicasOf(slotOf(topic));
    const { reply, confirmed } = await callConfirmed(link, call, replicas, control);
    if (confirmed < replicas) {
      throw new BrokerError('connection', `audit: ${confirmed} of ${replicas} replicas have confirmed it`);
    }
    return String(reply);
  });
}
