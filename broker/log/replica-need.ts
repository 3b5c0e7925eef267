import type { OnBrokerEvent } from '../broker-event.js';
import { confirmations } from '../redis/confirmations.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Durability, OnReplicaLoss } from './message.js';

export interface ReplicaNeedOptions {
  readonly durability: Durability;
  readonly onReplicaLoss: OnReplicaLoss;
  readonly directory: Directory;
  readonly onEvent: OnBrokerEvent;
}

/** What a WAIT has brought. */
export interface ReplicaAnswer {
  /** How many it was sent for. */
  readonly needed: number;
  /** How many have confirmed in time; below 0: see {@link ReplicaNeed.onAnswer}. */
  readonly confirmed: number;
  /** How many the master hears, asked behind the WAIT; undefined where it was not asked. */
  readonly heard: number | undefined;
}

/**
 * How many replicas of a master have to confirm, now. With `degrade`, no more than answered last time: those that did not
 * are asked again off the acknowledgement's path, and count again when they answer. Says what changed.
 */
export class ReplicaNeed {
  readonly #options: ReplicaNeedOptions;
  /** By master: how many answered, where that is fewer than were asked. */
  readonly #answering = new Map<string, number>();
  readonly #reported = new Map<string, number>();

  constructor(options: ReplicaNeedOptions) {
    this.#options = options;
  }

  /** How many have to confirm. In `leader` nobody waits for it: until then what is acknowledged is kept for a replay. */
  of(master: Master): number {
    const answering = this.#answering.get(master.id);
    const asked = this.asked(master);
    const needed = answering === undefined ? asked : Math.min(answering, asked);
    if (this.#reported.get(master.id) !== needed) this.#report(master, needed);
    return needed;
  }

  /** How many it would be if all answered that are not known to be down. */
  asked(master: Master): number {
    const { durability, onReplicaLoss, directory } = this.#options;
    const census = directory.census(master);
    // What is kept in `leader` must not fill the buffer for a replica that is known to be down.
    const policy = durability === 'leader' ? 'degrade' : onReplicaLoss;
    return confirmations(durability === 'leader' ? 'replicated' : durability, policy, census, 'publish');
  }

  /**
   * Fewer than all have to confirm, because a majority says that the others are down. To be asked before {@link of}: a census
   * may grow old in between, and then all are needed.
   */
  isReduced(master: Master): boolean {
    const asked = this.asked(master);
    const { configured } = this.#options.directory.census(master);
    return asked > 0 && asked < configured && !this.isDegraded(master);
  }

  /**
   * Whether these are enough. Fewer than the WAIT was sent for are, where fewer have to confirm meanwhile. But of replicas
   * that are reported down one may be back without anybody having heard of it: it confirms as well as those that count, and
   * is maybe not the one that becomes master next. So fewer than all are enough only if the master hears no others, and was
   * asked.
   */
  judge(master: Master, { needed, confirmed, heard }: ReplicaAnswer): 'enough' | 'too-few' | 'one-is-back' {
    if (confirmed < needed) this.onAnswer(master, confirmed);
    const mayBeFewer = heard !== undefined || this.isDegraded(master);
    if (confirmed < (mayBeFewer ? Math.min(needed, this.of(master)) : needed)) return 'too-few';
    const { configured } = this.#options.directory.census(master);
    return heard !== undefined && confirmed < Math.min(configured, heard) ? 'one-is-back' : 'enough';
  }

  /** Some master's replicas are to be asked again. */
  get isDegradedAnywhere(): boolean {
    return this.#answering.size > 0 && this.#options.directory.masters().some((master) => this.isDegraded(master));
  }

  isDegraded(master: Master): boolean {
    return this.#answering.has(master.id);
  }

  /** So many of those asked have answered in time; below 0: the master's own disk has not, which says nothing of them. */
  onAnswer(master: Master, replicas: number): void {
    if (this.#options.onReplicaLoss !== 'degrade' || replicas < 0) return;
    if (replicas >= this.asked(master)) this.#answering.delete(master.id);
    else this.#answering.set(master.id, replicas);
    this.of(master);
  }

  #report(master: Master, needed: number): void {
    const { durability, directory, onEvent } = this.#options;
    const { configured } = directory.census(master);
    const isFirst = !this.#reported.has(master.id);
    this.#reported.set(master.id, needed);
    if (durability === 'leader' || (isFirst && needed >= configured)) return;
    onEvent({ kind: 'replicas', master: master.id, needed, configured });
  }
}
