import type { PublishOutcome } from '../../../broker/log/outgoing-frame.js';

export interface Published {
  readonly id: string;
  readonly producer: string;
  readonly key: string | undefined;
  readonly dedupeId: string | undefined;
  /** Place among all that its producer instance published with this key. */
  readonly order: number;
  readonly publishedMs: number;
  outcome: PublishOutcome['kind'] | undefined;
  partition: number | undefined;
  confirmedBy: number | undefined;
  /** Accepted since a message with the same application id was stored before. */
  isDuplicate: boolean;
}

export interface Handling {
  readonly id: string;
  readonly member: string;
  readonly partition: number;
  readonly token: number;
  readonly attempt: number;
  readonly startedMs: number;
  endedMs: number | undefined;
  result: 'handled' | 'failed' | 'gave-up' | undefined;
  /** Another tenure of its partition began before its handler returned. */
  wasCutShort: boolean;
}

export type Rule =
  /** No acknowledged message is lost, but for what its durability excepts. */
  | 'nothing-lost'
  | 'rejected-is-not-stored'
  | 'stored-once'
  | 'nothing-invented'
  | 'nothing-damaged'
  /** Only what ends the processes that handle it is set aside. */
  | 'healthy-stays'
  /** Messages of one key and producer are handled in the order of publishing, retries included. */
  | 'order'
  /** Once a newer owner of a partition has started a handler, no older one does. */
  | 'one-owner'
  /** Once a server has accepted a write of a newer owner, none on the same log accepts one of an older owner. */
  | 'one-writer'
  /** What was handled is handled again only where its consumer ended, or lost its lease, or a failover lost the settlement. */
  | 'handled-once'
  /** When a partition is handed over its handlers have returned, and what they did is recorded. */
  | 'handed-over-whole'
  | 'dead-letter-once'
  | 'one-outcome'
  /** When all is well again everything comes to its end. */
  | 'no-wedge';

/** A rule that does not hold, found while the schedule runs or after it. */
export interface Violation {
  readonly rule: Rule;
  readonly atMs: number;
  readonly detail: string;
}

/** What producers and handlers have seen, in the order in which it happened. */
export class Journal {
  readonly published = new Map<string, Published>();
  readonly handlings: Handling[] = [];
  readonly violations: Violation[] = [];
  /** Messages that producers reported as lost, by `<producer> <partition>`. */
  readonly reportedLost = new Map<string, number>();
  readonly deadProducers = new Set<string>();
  /** Handled, or used up: nobody has to wait for them any more. */
  readonly finished = new Set<string>();
  /** Given up, and perhaps put back among the retries since: outside the order of their keys. */
  readonly returned = new Set<string>();
  /** How many were put back for certain. */
  redriven = 0;
  /** Deaths of members that messages were the cause of. */
  readonly deathsOf = new Map<string, number>();
  readonly #diedOfMessage = new Set<string>();
  /** How often the handling of a message was cut short by something else than a message. */
  readonly cutShort = new Map<string, number>();
  /** Accepted, and neither handled nor used up. */
  #openCount = 0;
  /** Called when a member has acquired a partition. */
  readonly onAcquired = new Set<(member: string) => void>();
  /** Called when a producer has learnt that a message is accepted. */
  readonly onAccepted = new Set<(producer: string) => void>();
  /** By partition and token of a tenure: what was settled when it began. */
  readonly #settledBefore = new Map<string, ReadonlySet<string>>();
  readonly #historyOf = new Map<string, string>();
  /** By member and partition: what the last tenure that was given back had begun and not recorded. */
  readonly #leftOver = new Map<string, string[]>();
  readonly #handledBefore = new Map<string, Handling[]>();
  readonly #newestToken = new Map<number, { readonly token: number; readonly member: string }>();
  /** Of each producer instance and key: the messages in the order of publishing. */
  readonly #ofKey = new Map<string, KeyQueue>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get hasOpen(): boolean {
    return this.#openCount > 0;
  }

  violation(rule: Rule, detail: string): void {
    this.violations.push({ rule, atMs: this.#nowMs(), detail });
  }

  publish(id: string, producer: string, key: string | undefined, dedupeId: string | undefined): Published {
    const queue = this.#queueOf(producer, key);
    const published: Published = {
      id,
      producer,
      key,
      dedupeId,
      order: queue.messages.length,
      publishedMs: this.#nowMs(),
      outcome: undefined,
      partition: undefined,
      confirmedBy: undefined,
      isDuplicate: false,
    };
    queue.messages.push(published);
    this.published.set(id, published);
    return published;
  }

  outcome(published: Published, outcome: PublishOutcome): void {
    if (published.outcome !== undefined) this.violation('one-outcome', `${published.id} has two outcomes`);
    published.outcome = outcome.kind;
    if (outcome.kind === 'accepted') {
      published.partition = outcome.receipt.partition;
      published.confirmedBy = outcome.receipt.replicas;
      published.isDuplicate = outcome.receipt.duplicate === true;
      if (this.#isOpen(published)) this.#openCount++;
      for (const tell of [...this.onAccepted]) tell(published.producer);
    }
  }

  /** Somebody has to handle it still. */
  #isOpen({ id, outcome, isDuplicate }: Published): boolean {
    return outcome === 'accepted' && !isDuplicate && !this.finished.has(id) && !this.deathsOf.has(id);
  }

  /** The message has ended the process of the member. */
  diedOf(id: string, member: string): void {
    const published = this.published.get(id);
    if (published !== undefined && this.#isOpen(published)) this.#openCount--;
    this.deathsOf.set(id, (this.deathsOf.get(id) ?? 0) + 1);
    this.#diedOfMessage.add(member);
  }

  start(handling: Omit<Handling, 'startedMs' | 'endedMs' | 'result' | 'wasCutShort'>): Handling {
    const begun = { startedMs: this.#nowMs(), endedMs: undefined, result: undefined, wasCutShort: false };
    const started: Handling = { ...handling, ...begun };
    this.handlings.push(started);
    const { id, member, partition, token } = handling;
    const published = this.published.get(id);
    if (published === undefined) {
      this.violation('nothing-invented', `${id} was never published`);
      return started;
    }
    if (published.outcome === 'rejected') {
      this.violation('rejected-is-not-stored', `${id} was rejected, and is handled`);
    }
    const newest = this.#newestToken.get(partition);
    if (newest !== undefined && token < newest.token) {
      this.violation(
        'one-owner',
        `partition ${partition}: ${member} starts ${id} with token ${token} after ${newest.member} did with ${newest.token}`,
      );
    } else if (newest === undefined || token > newest.token) this.#newestToken.set(partition, { token, member });
    this.#checkOrder(published, member);
    this.#checkOnce(started);
    return started;
  }

  end(handling: Handling, result: 'handled' | 'failed' | 'gave-up'): void {
    handling.endedMs = this.#nowMs();
    handling.result = result;
    if (result === 'handled') {
      this.#handledBefore.set(handling.id, [...(this.#handledBefore.get(handling.id) ?? []), handling]);
    }
    if (result === 'failed') this.#failedBy.set(handling.id, handling.member);
    if (result === 'failed' || this.finished.has(handling.id)) return;
    const published = this.published.get(handling.id);
    if (published !== undefined && this.#isOpen(published)) this.#openCount--;
    this.finished.add(handling.id);
  }

  /** A server has given this token out when these messages were settled. */
  tenureBegins(partition: number, token: number, history: string, settled: ReadonlySet<string>): void {
    this.#settledBefore.set(`${partition} ${token}`, settled);
    this.#historyOf.set(`${partition} ${token}`, history);
    for (const handling of this.handlings) {
      if (handling.partition !== partition || handling.endedMs !== undefined || handling.wasCutShort) continue;
      handling.wasCutShort = true;
      const { id, member } = handling;
      if (!this.#diedOfMessage.has(member)) this.cutShort.set(id, (this.cutShort.get(id) ?? 0) + 1);
    }
  }

  /** A server has taken a partition back when these messages were not settled. */
  released(partition: number, token: number, history: string, unsettled: ReadonlySet<string>): void {
    if (this.#historyOf.get(`${partition} ${token}`) !== history) return;
    const own = this.handlings.filter((handling) => handling.partition === partition && handling.token === token);
    const [first] = own;
    if (first === undefined) return;
    const left = own.filter(
      ({ id, endedMs, result }) => endedMs === undefined || (result === 'handled' && unsettled.has(id)),
    );
    this.#leftOver.set(
      `${first.member} ${partition}`,
      left.map(({ id }) => id),
    );
  }

  /** A member says that it has handed a partition over, within the time that it may wait for its handlers. */
  handedOver(member: string, partition: number): void {
    const left = this.#leftOver.get(`${member} ${partition}`) ?? [];
    this.#leftOver.delete(`${member} ${partition}`);
    if (left.length === 0) return;
    this.violation('handed-over-whole', `partition ${partition} of ${member}, with ${left.join(', ')} not recorded`);
  }

  /** Whether the message was handled: one that was only given up may have come back since. */
  wasHandled(id: string): boolean {
    return this.#handledBefore.has(id);
  }

  acquired(member: string): void {
    for (const tell of [...this.onAcquired]) tell(member);
  }

  lostByReport(producer: string, partition: number, count: number): void {
    const key = `${producer} ${partition}`;
    this.reportedLost.set(key, (this.reportedLost.get(key) ?? 0) + count);
  }

  /** Everything of the same key and producer that was published before: handled already, or never. */
  #checkOrder(published: Published, member: string): void {
    if (published.key === undefined || this.returned.has(published.id)) return;
    const queue = this.#queueOf(published.producer, published.key);
    for (let i = queue.finishedThrough; i < published.order; i++) {
      const earlier = queue.messages[i]!;
      if (!this.finished.has(earlier.id)) this.#overtaken.set(earlier.id, `${published.id} at ${member}`);
      else if (i === queue.finishedThrough) queue.finishedThrough++;
    }
    const overtaker = this.#overtaken.get(published.id);
    if (overtaker !== undefined && !this.finished.has(published.id)) {
      this.violation('order', `${published.id} (${member}) is handled after ${overtaker}, which was published later`);
    }
  }

  /**
   * A process remembers what it handled at the first attempt, whatever servers forget; a tenure what it handled at all;
   * and what was settled when a tenure began, that tenure knows. What another member has failed at meanwhile is tried again:
   * the record of that does not say who handled it before.
   */
  #checkOnce({ id, member, partition, token }: Handling): void {
    if (this.#settledBefore.get(`${partition} ${token}`)?.has(id) && !this.returned.has(id)) {
      this.violation('handled-once', `${id} (${member}) was settled before token ${token} was given out`);
    }
    for (const before of this.#handledBefore.get(id) ?? []) {
      const isSameTenure = before.token === token && before.partition === partition && before.member === member;
      if (!isSameTenure && (before.member !== member || before.attempt > 1)) continue;
      const failedBy = this.#failedBy.get(id);
      if (failedBy !== undefined && failedBy !== member) continue;
      this.violation('handled-once', `${id} was handled by ${member} before, with token ${before.token}`);
    }
  }

  /** Who has failed at a message last. */
  readonly #failedBy = new Map<string, string>();
  readonly #overtaken = new Map<string, string>();

  #queueOf(producer: string, key: string | undefined): KeyQueue {
    const name = `${producer} ${key}`;
    let queue = this.#ofKey.get(name);
    if (queue === undefined) {
      queue = { messages: [], finishedThrough: 0 };
      this.#ofKey.set(name, queue);
    }
    return queue;
  }
}

interface KeyQueue {
  readonly messages: Published[];
  /** All before this index are finished. */
  finishedThrough: number;
}
