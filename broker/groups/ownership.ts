import { BrokerError } from '../broker-error.js';
import type { OnBrokerEvent } from '../broker-event.js';
import { type Clock, pause } from '../clock.js';
import { groupKeys } from '../log/keys.js';
import type { Random } from '../random.js';
import type { Link } from '../redis/link.js';
import { persist } from '../redis/persist.js';
import { type Acquired, acquire } from './group-scripts.js';
import { Tenure } from './tenure.js';

export interface OwnershipOptions {
  readonly topic: string;
  readonly group: string;
  readonly owner: string;
  readonly partitions: readonly number[];
  readonly link: Link;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
  /** A tenure has begun: its stored retries have to be taken up before anything is read. */
  onAcquired(tenure: Tenure, acquired: Acquired): void;
}

const RETRY_MS = 50;

/**
 * The tenures of one member's partitions. Ownership is static and the latest acquirer wins: who finds another owner
 * stops; who finds another history, or no lease at all, acquires anew.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #tenures = new Map<number, Tenure>();
  readonly #stopped = new AbortController();

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  get tenures(): readonly Tenure[] {
    return [...this.#tenures.values()];
  }

  /** Acquires all partitions. Throws BrokerError when Redis refuses, or when `withinMs` have passed. */
  async acquireAll(withinMs: number): Promise<void> {
    const { link, clock, partitions } = this.#options;
    await Promise.all(
      partitions.map((partition) => persist(link, clock, withinMs, () => this.#acquire(partition, new Set()))),
    );
  }

  /** The link is open again: tenures of another history are over. */
  onLinkOpen(): void {
    for (const tenure of this.tenures) {
      if (tenure.history !== this.#options.link.history) this.#renew(tenure);
    }
  }

  onNotOwner(tenure: Tenure, storedToken: string): void {
    if (tenure.isOver) return;
    if (BigInt(storedToken) <= BigInt(tenure.token)) {
      this.#renew(tenure);
      return;
    }
    tenure.end();
    this.#tenures.delete(tenure.partition);
    const { topic, group, onEvent } = this.#options;
    onEvent({ kind: 'ownership-lost', topic, group, partition: tenure.partition });
  }

  /** Ends every tenure; acquires nothing any more. */
  stop(): void {
    this.#stopped.abort();
    for (const tenure of this.tenures) tenure.end();
    this.#tenures.clear();
  }

  #renew(former: Tenure): void {
    if (former.isOver) return;
    former.end();
    const { partition } = former;
    const { topic, group, onEvent } = this.#options;
    void former
      .quiet()
      .then(() => this.#reacquire(partition, former.handledUnconfirmed()))
      .then(() => {
        if (!this.#stopped.signal.aborted) onEvent({ kind: 'reacquired', topic, group, partition });
      });
  }

  /** Tries until it succeeds or the ownership is stopped. */
  async #reacquire(partition: number, handledBefore: Set<string>): Promise<void> {
    const { link, clock, random } = this.#options;
    const { signal } = this.#stopped;
    while (await link.whenOpen(signal)) {
      try {
        return await this.#acquire(partition, handledBefore);
      } catch {
        await pause(clock, RETRY_MS * (1 + random()), signal);
      }
    }
  }

  async #acquire(partition: number, handledBefore: Set<string>): Promise<void> {
    const { topic, group, owner, link, onAcquired } = this.#options;
    const keys = groupKeys(topic, partition, group);
    const { history } = link;
    const acquired = await acquire(link, keys, group, owner);
    if (this.#stopped.signal.aborted) throw new BrokerError('closed', `${link.name} is closed`);
    if (link.history !== history) throw new BrokerError('connection', `${link.name}: the server was replaced`);
    const tenure = new Tenure(partition, keys, history, acquired, handledBefore);
    onAcquired(tenure, acquired);
    this.#tenures.set(partition, tenure);
  }
}
