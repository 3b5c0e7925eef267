import { BrokerError } from '../broker-error.js';
import { callConfirmed } from '../groups/confirmed-pipeline.js';
import type { GroupControl } from '../groups/group-control.js';
import { type Entry, pagedEntries, readPage } from '../log/inventory.js';
import { type GroupKeys, groupKeys } from '../log/keys.js';
import { randomName } from '../random.js';
import { slotOf } from '../redis/slot.js';
import type { RunningOperations } from '../running-operations.js';
import { type AuditRecord, audited, readAudit, type Warrant } from './audit-log.js';
import { type DeadLetter, parseDeadLetter, type Shelf } from './dead-letter.js';
import { acceptorOf, type DeadLetterFilter, placesOf } from './dead-letter-filter.js';
import { readGroupFailures } from './group-failures.js';
import type { GroupFailures } from './patterns/group-analysis.js';
import {
  LARGEST_BATCH,
  type RedriveOptions,
  type RedriveSummary,
  type RedriveTarget,
  redrive,
  resolveRedriveOptions,
} from './redrive.js';
import { entryOf, parseRedriveReply, type RedriveFate, redriveCall, streamOf } from './redrive-script.js';

/** How many dead letters share a cause. */
export interface DeadLetterKind {
  readonly fingerprint: string;
  /** Of the latest one. */
  readonly reason: string;
  readonly count: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface DeadLettersOptions {
  readonly topic: string;
  readonly group: string;
  readonly partitions: number;
  readonly operations: RunningOperations;
  open(purpose: string): GroupControl;
}

/** What one group of a topic has given up: to look at, to put back, to throw away. Made by `MessageBroker#deadLetters`. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Oldest first within a partition: those that were there when its turn came. */
  async *list(filter: DeadLetterFilter = {}): AsyncGenerator<DeadLetter> {
    using control = this.#options.open('dead-letters');
    yield* this.#read(control, filter);
  }

  /** One of them; undefined where it is not there (any more). */
  async get(ref: string, shelf: Shelf = 'dead-letters'): Promise<DeadLetter | undefined> {
    for await (const letter of this.list({ refs: [ref], shelf })) return letter;
    return undefined;
  }

  /** By cause, the most frequent first. */
  async kinds(filter: DeadLetterFilter = {}): Promise<DeadLetterKind[]> {
    const kinds = new Map<string, DeadLetterKind>();
    for await (const { fingerprint, reason, payload, atMs } of this.list(filter)) {
      const known = kinds.get(fingerprint);
      kinds.set(fingerprint, {
        fingerprint,
        reason,
        count: (known?.count ?? 0) + 1,
        bytes: (known?.bytes ?? 0) + payload.length,
        firstMs: Math.min(known?.firstMs ?? atMs, atMs),
        lastMs: Math.max(known?.lastMs ?? atMs, atMs),
      });
    }
    return [...kinds.values()].toSorted((a, b) => b.count - a.count);
  }

  /**
   * What the failures of the group have in common, by cause: of the latest 20,000 dead letters, and of the messages that wait for
   * another attempt. See docs/guide/failures.md.
   */
  async failurePatterns(): Promise<GroupFailures> {
    using control = this.#options.open('failures');
    return await readGroupFailures(control);
  }

  /**
   * Puts them back among the group's retries, with a fresh budget of attempts and the same id, outside the order of their
   * keys. Each is moved in one step: it is never in two places, and of two who redrive it at once one finds it gone. Where a
   * broker closes, it stops after the batch under way. Throws BrokerError: `bad-option`, `group-missing`, `connection`,
   * `closed`; of the quarantine, see {@link release}.
   */
  redrive(filter: DeadLetterFilter, options: RedriveOptions & Warrant = {}): Promise<RedriveSummary> {
    return filter.shelf === 'quarantine' ? this.release(filter, options) : this.#redrive('redrive', filter, options);
  }

  /**
   * Puts what lies in quarantine back, as {@link redrive} does dead letters: kills do not count any more, either. Throws
   * BrokerError `undecodable`, and moves nothing, where one of them cannot be decoded: it would come straight back.
   */
  async release(filter: DeadLetterFilter, options: RedriveOptions & Warrant = {}): Promise<RedriveSummary> {
    const undecodable: string[] = [];
    for await (const { ref, id } of this.list({ ...filter, shelf: 'quarantine' })) {
      if (id === undefined) undecodable.push(ref);
    }
    if (undecodable.length > 0) {
      const others = undecodable.length > 1 ? `, and ${undecodable.length - 1} more,` : '';
      const remedy = 'discard what cannot be decoded, and release the others by ref or fingerprint';
      const why = 'cannot be decoded, and would be set aside again';
      throw new BrokerError('undecodable', `release: ${undecodable[0]}${others} ${why}: ${remedy}`);
    }
    return this.#redrive('release', { ...filter, shelf: 'quarantine' }, options);
  }

  /** Throws them away for good; resolves with how many. `confirm` has to be true: nothing brings them back. */
  async purge(
    filter: DeadLetterFilter,
    { confirm, ...warrant }: { readonly confirm: boolean } & Warrant,
  ): Promise<number> {
    if (confirm !== true) {
      throw new BrokerError('bad-option', "purge: nothing brings dead letters back; give '{ confirm: true }' to go on");
    }
    return await this.#purge('purge', filter, warrant);
  }

  /** Throws away for good what lies in quarantine, for a reason that is kept; resolves with how many. */
  async discard(filter: DeadLetterFilter, warrant: Warrant & { readonly reason: string }): Promise<number> {
    if (typeof warrant.reason !== 'string' || warrant.reason.trim() === '') {
      throw new BrokerError('bad-option', "discard: nothing brings messages back; give a '{ reason }' for the record");
    }
    return await this.#purge('discard', { ...filter, shelf: 'quarantine' }, warrant);
  }

  /** What was done by these methods, by whom and why: the latest some thousand records, oldest first. */
  async audit(): Promise<AuditRecord[]> {
    using control = this.#options.open('audit');
    return await readAudit(control);
  }

  async #redrive(
    action: 'redrive' | 'release',
    filter: DeadLetterFilter,
    { by, reason, ...options }: RedriveOptions & Warrant,
  ): Promise<RedriveSummary> {
    const resolved = resolveRedriveOptions(options);
    const shelf = filter.shelf ?? 'dead-letters';
    return await this.#options.operations.run(async (closing) => {
      using control = this.#options.open(action);
      const signal = AbortSignal.any([closing, ...(options.signal === undefined ? [] : [options.signal])]);
      const ends = new Map<number, ShelfEnds>();
      const target: RedriveTarget = {
        clock: control.clock,
        move: async (letters) => {
          const [{ partition }] = letters as [DeadLetter];
          if (!ends.has(partition)) ends.set(partition, await this.#ends(control, partition));
          return await this.#move(control, shelf, letters);
        },
        isWaiting: ({ partition, position }) => this.#isWaiting(control, partition, position),
        isDeadAgain: (letter) => this.#isDeadAgain(control, letter, ends.get(letter.partition)!),
      };
      const perform = () => redrive(this.#read(control, filter), { ...resolved, signal }, target);
      if (resolved.dryRun) return await perform();
      return await audited(control, action, filter, warrantOf(by, reason), perform);
    });
  }

  async #purge(action: 'purge' | 'discard', filter: DeadLetterFilter, warrant: Warrant): Promise<number> {
    using control = this.#options.open(action);
    return await audited(control, action, filter, warrant, async () => {
      let purged = 0;
      for await (const letters of batches(this.#read(control, filter))) {
        const [{ partition }] = letters as [DeadLetter];
        const stream = streamOf(this.#keys(partition), filter.shelf ?? 'dead-letters');
        purged += await control.onPartition(partition, async (link) =>
          Number(await link.call('XDEL', stream, ...letters.map(entryOf))),
        );
      }
      return purged;
    });
  }

  async *#read(control: GroupControl, filter: DeadLetterFilter): AsyncGenerator<DeadLetter> {
    const accepts = acceptorOf(filter);
    for (const [partition, entries] of placesOf(filter, this.#options.partitions)) {
      const stream = streamOf(this.#keys(partition), filter.shelf ?? 'dead-letters');
      const found =
        entries === undefined
          ? this.#all(control, partition, stream)
          : this.#named(control, partition, stream, entries);
      for await (const entry of found) {
        const letter = parseDeadLetter(partition, entry);
        if (accepts(letter)) yield letter;
      }
    }
  }

  async *#all(control: GroupControl, partition: number, stream: string): AsyncGenerator<Entry> {
    // What is redriven and fails again comes behind it: a redrive would meet it once more.
    const last = await endOf(control, partition, stream);
    if (last !== undefined) yield* entriesOf(control, partition, stream, '-', last);
  }

  async *#named(
    control: GroupControl,
    partition: number,
    stream: string,
    entries: readonly string[],
  ): AsyncGenerator<Entry> {
    for (const entry of entries)
      yield* await control.onPartition(partition, (link) => readPage(link, stream, entry, entry));
  }

  #keys(partition: number): GroupKeys {
    const { topic, group } = this.#options;
    return groupKeys(topic, partition, group);
  }

  /** Of one partition. */
  async #move(control: GroupControl, shelf: Shelf, letters: readonly DeadLetter[]): Promise<RedriveFate[]> {
    const { topic, group } = this.#options;
    const [{ partition }] = letters as [DeadLetter];
    const slot = slotOf(topic, partition);
    const call = redriveCall(this.#keys(partition), group, shelf, letters, randomName(control.random));
    return control.onPartition(partition, async (link) => {
      const replicas = control.replicasOf(slot);
      const { reply, confirmed } = await callConfirmed(link, call, replicas, control);
      const fates = parseRedriveReply(reply);
      if (fates === undefined) {
        throw new BrokerError('group-missing', `${topic}/${group}: there is no such group to redrive to`);
      }
      if (confirmed < replicas) {
        throw new BrokerError('connection', `redrive: ${confirmed} of ${replicas} replicas have confirmed it`);
      }
      return fates;
    });
  }

  async #ends(control: GroupControl, partition: number): Promise<ShelfEnds> {
    const { deadLetters, quarantine } = this.#keys(partition);
    const streams = [deadLetters, quarantine];
    return await Promise.all(
      streams.map(async (stream) => [stream, (await endOf(control, partition, stream)) ?? '0-0'] as const),
    );
  }

  #isWaiting(control: GroupControl, partition: number, position: string): Promise<boolean> {
    const { retry } = this.#keys(partition);
    return control.onPartition(partition, async (link) => Number(await link.call('HEXISTS', retry, position)) === 1);
  }

  /** Whether the message was given up anew: it is among those that came after `ends`. */
  async #isDeadAgain(control: GroupControl, letter: DeadLetter, ends: ShelfEnds): Promise<boolean> {
    const { partition, position } = letter;
    for (const [stream, end] of ends) {
      for await (const entry of entriesOf(control, partition, stream, `(${end}`)) {
        if (parseDeadLetter(partition, entry).position === position) return true;
      }
    }
    return false;
  }
}

/** Dead letters and quarantine of a partition, each with its last entry before anything was put back. */
type ShelfEnds = readonly (readonly [stream: string, end: string])[];

/** Page by page, each on the link that leads to the master by then: however long it takes, a failover does not end it. */
function entriesOf(control: GroupControl, partition: number, stream: string, from: string, to = '+') {
  return pagedEntries((start) => control.onPartition(partition, (link) => readPage(link, stream, start, to)), from);
}

async function endOf(control: GroupControl, partition: number, stream: string): Promise<string | undefined> {
  return await control.onPartition(partition, async (link) => {
    const [last] = (await link.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)) as unknown as readonly Entry[];
    return last && String(last[0]);
  });
}

function warrantOf(by: string | undefined, reason: string | undefined): Warrant {
  return { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
}

/** Those that follow each other in one partition, at most {@link LARGEST_BATCH} at a time. */
async function* batches(letters: AsyncIterable<DeadLetter>): AsyncGenerator<DeadLetter[]> {
  let batch: DeadLetter[] = [];
  for await (const letter of letters) {
    if (batch.length === LARGEST_BATCH || (batch.length > 0 && batch[0]!.partition !== letter.partition)) {
      yield batch;
      batch = [];
    }
    batch.push(letter);
  }
  if (batch.length > 0) yield batch;
}
