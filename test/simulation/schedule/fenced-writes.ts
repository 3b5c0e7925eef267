import { readFileSync } from 'node:fs';
import { type GroupKeys, groupKeys } from '../../../broker/log/keys.js';
import type { Lineage } from '../redis/lineage.js';
import type { ExecutedScript } from '../redis/sim-node.js';
import { appendedTo, unsettledOf } from './final-inventory.js';
import type { Journal } from './journal.js';
import { GROUP, TOPIC } from './stage.js';

type Kind = 'acquire' | 'renew' | 'settle' | 'release';

interface Accepted {
  readonly token: number;
  readonly owner: string;
  /** Of the history on which it was accepted: that write is within. */
  readonly offset: number;
}

const KINDS: ReadonlyMap<string, Kind> = new Map(
  (['acquire', 'renew', 'settle', 'release'] as const).map((kind) => {
    return [readFileSync(new URL(`../../../broker/groups/${kind}.lua`, import.meta.url), 'latin1'), kind];
  }),
);

/**
 * What servers accept from owners. On a log that survives, nothing of an older owner is accepted once something of a newer
 * one was: by what the servers did, not by the row that their scripts compare.
 */
export class FencedWrites {
  readonly #journal: Journal;
  /** By lease and history: those with a newer token than all before. */
  readonly #newest = new Map<string, Accepted[]>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  readonly onScript = ({ node, source, keys, args, reply }: ExecutedScript): void => {
    const kind = KINDS.get(source);
    if (kind === undefined || (Array.isArray(reply) ? reply[0] : reply) !== 1) return;
    const isAcquired = kind === 'acquire';
    const lease = keys[isAcquired ? 1 : 0]!;
    const owner = args[isAcquired ? 1 : 0]!;
    const token = Number(isAcquired ? (reply as readonly unknown[])[1] : args[1]);
    const partition = Number(/\.(\d+)\}/.exec(lease)![1]);
    const { lineage, offset } = node.replication;
    this.accept(lease, partition, kind, { token, owner, offset }, lineage);
    if (kind !== 'acquire' && kind !== 'release') return;
    const groupRows = groupKeys(TOPIC, partition, GROUP);
    if (isAcquired) {
      this.#journal.tenureBegins(partition, token, lineage.history, settledOf(node.database, groupRows));
    } else {
      this.#journal.released(partition, token, lineage.history, new Set(unsettledOf(node.database, groupRows)));
    }
  };

  /** A server has accepted it, as the latest on this lineage. */
  accept(lease: string, partition: number, kind: Kind, accepted: Accepted, lineage: Lineage): void {
    const newest = this.#newestOn(lease, lineage);
    const { token, owner } = accepted;
    if (newest !== undefined && (token < newest.token || (token === newest.token && owner !== newest.owner))) {
      const text = `${kind} of ${owner} with token ${token} after ${newest.owner} had ${newest.token}`;
      this.#journal.violation('one-writer', `partition ${partition}, history ${lineage.history}: ${text}`);
    } else if (newest?.token !== token) {
      const key = `${lease} ${lineage.history}`;
      this.#newest.set(key, [...(this.#newest.get(key) ?? []), accepted]);
    }
  }

  #newestOn(lease: string, lineage: Lineage): Accepted | undefined {
    let newest: Accepted | undefined;
    for (const [history, through] of lineage.parts()) {
      const found = this.#newest.get(`${lease} ${history}`)?.findLast(({ offset }) => offset <= through);
      if (found !== undefined && found.token > (newest?.token ?? 0)) newest = found;
    }
    return newest;
  }
}

function settledOf(database: ExecutedScript['node']['database'], keys: GroupKeys): ReadonlySet<string> {
  const settled = new Set(appendedTo(database, keys));
  for (const id of unsettledOf(database, keys)) settled.delete(id);
  return settled;
}
