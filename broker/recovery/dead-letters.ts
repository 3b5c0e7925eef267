import { BrokerError } from '../broker-error.js';
import { callConfirmed } from '../groups/confirmed-pipeline.js';
import type { GroupControl } from '../groups/group-control.js';
import { streamEntries } from '../log/inventory.js';
import { type GroupKeys, groupKeys } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { persistOn } from '../redis/persist.js';
import { slotOf } from '../redis/slot.js';
import { type DeadLetter, parseDeadLetter, type Shelf } from './dead-letter.js';
import { readGroupFailures } from './group-failures.js';
import type { GroupFailures } from './patterns/group-analysis.js';
import { LARGEST_BATCH, type RedriveOptions, type RedriveSummary, redrive, resolveRedriveOptions } from './redrive.js';
import { entryOf, parseRedriveReply, type RedriveFate, redriveCall, streamOf } from './redrive-script.js';

/** Which of them. All that are given have to hold; `{}` is all. */
export interface DeadLetterFilter {
  readonly shelf?: Shelf;
  readonly refs?: readonly string[];
  readonly fingerprint?: string;
  /** Given up before this wall clock time. */
  readonly beforeMs?: number;
}

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
   * keys. Each is moved in one step: it is never in two places, and of two who redrive it at once one finds it gone. Throws
   * BrokerError: `bad-option`, `group-missing`, `connection`.
   */
  async redrive(filter: DeadLetterFilter, options: RedriveOptions = {}): Promise<RedriveSummary> {
    const resolved = resolveRedriveOptions(options);
    const shelf = filter.shelf ?? 'dead-letters';
    using control = this.#options.open('redrive');
    return await redrive(this.#read(control, filter), resolved, {
      clock: control.clock,
      move: (letters) => this.#move(control, shelf, letters),
      isWaiting: ({ partition, position }) => this.#isWaiting(control, partition, position),
      isDeadAgain: (letter) => this.#isDeadAgain(control, letter),
    });
  }

  /** Throws them away for good; resolves with how many. `confirm` has to be true: nothing brings them back. */
  async purge(filter: DeadLetterFilter, { confirm }: { readonly confirm: boolean }): Promise<number> {
    if (confirm !== true) {
      throw new BrokerError('bad-option', "purge: nothing brings dead letters back; give '{ confirm: true }' to go on");
    }
    using control = this.#options.open('purge');
    let purged = 0;
    for await (const letters of batches(this.#read(control, filter))) {
      const [{ partition }] = letters as [DeadLetter];
      const stream = streamOf(this.#keys(partition), filter.shelf ?? 'dead-letters');
      purged += await on(control, partition, async (link) =>
        Number(await link.call('XDEL', stream, ...letters.map(entryOf))),
      );
    }
    return purged;
  }

  async *#read(control: GroupControl, filter: DeadLetterFilter): AsyncGenerator<DeadLetter> {
    const { topic, group, partitions } = this.#options;
    const accepts = acceptorOf(filter);
    const places = placesOf(filter, partitions);
    for (const partition of places) {
      const keys = groupKeys(topic, partition, group);
      const link = await on(control, partition, async (open) => open);
      const stream = streamOf(keys, filter.shelf ?? 'dead-letters');
      // What is redriven and fails again comes behind it: a redrive would meet it once more.
      const [last] = (await link.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)) as unknown as (readonly [Buffer])[];
      if (last === undefined) continue;
      for await (const entry of streamEntries(link, stream, '-', String(last[0]))) {
        const letter = parseDeadLetter(partition, entry);
        if (accepts(letter)) yield letter;
      }
    }
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
    const call = redriveCall(this.#keys(partition), group, shelf, letters);
    // What an attempt has moved that was not confirmed is gone at the next one.
    const moved = new Set<number>();
    return on(control, partition, async (link) => {
      const replicas = control.replicasOf(slot);
      const { reply, confirmed } = await callConfirmed(link, call, replicas, control);
      const fates = parseRedriveReply(reply);
      if (fates === undefined) {
        throw new BrokerError('group-missing', `${topic}/${group}: there is no such group to redrive to`);
      }
      for (const [i, fate] of fates.entries()) if (fate === 'redriven') moved.add(i);
      if (confirmed < replicas) {
        throw new BrokerError('connection', `redrive: ${confirmed} of ${replicas} replicas have confirmed it`);
      }
      return fates.map((fate, i) => (moved.has(i) ? 'redriven' : fate));
    });
  }

  #isWaiting(control: GroupControl, partition: number, position: string): Promise<boolean> {
    const { retry } = this.#keys(partition);
    return on(control, partition, async (link) => Number(await link.call('HEXISTS', retry, position)) === 1);
  }

  /** Whether the message was given up anew: it is among those that came after it. */
  async #isDeadAgain(control: GroupControl, letter: DeadLetter): Promise<boolean> {
    const { partition, position } = letter;
    const link = await on(control, partition, async (open) => open);
    const { deadLetters, quarantine } = this.#keys(partition);
    for (const stream of [deadLetters, quarantine]) {
      for await (const entry of streamEntries(link, stream, `(${entryOf(letter)}`)) {
        if (parseDeadLetter(partition, entry).position === position) return true;
      }
    }
    return false;
  }
}

function on<T>(
  { topic, links, clock, connectTimeoutMs }: GroupControl,
  partition: number,
  action: (link: Link) => Promise<T>,
) {
  return persistOn(links, slotOf(topic, partition), clock, connectTimeoutMs, action);
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

function acceptorOf({ refs, fingerprint, beforeMs }: DeadLetterFilter): (letter: DeadLetter) => boolean {
  const wanted = refs && new Set(refs);
  return (letter) =>
    (wanted === undefined || wanted.has(letter.ref)) &&
    (fingerprint === undefined || letter.fingerprint === fingerprint) &&
    (beforeMs === undefined || letter.atMs < beforeMs);
}

/** Partitions in which it can lie. Throws `bad-option` where a ref is none. */
function placesOf({ refs }: DeadLetterFilter, partitions: number): number[] {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  if (refs === undefined) return all;
  const named = new Set(
    refs.map((ref) => {
      const partition = Number(/^(\d+)\/\d+-\d+$/.exec(ref)?.[1] ?? Number.NaN);
      if (partition < partitions) return partition;
      const expected = `expected <partition>/<entry>, such as 0/1700000000000-0, with a partition below ${partitions}`;
      throw new BrokerError('bad-option', `refs: '${ref}' names no dead letter: ${expected}`);
    }),
  );
  return all.filter((partition) => named.has(partition));
}
