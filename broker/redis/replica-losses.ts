import type { ReplicaCensus } from './directory.js';

/** What the authority says of one replica. */
export interface ReplicaReport {
  /** `host:port` as announced. */
  readonly id: string;
  /** A majority of the authority, freshly asked, says that it is down. */
  readonly isReportedDown: boolean;
}

export interface CensusInput {
  /** Changes with every naming of another master: losses are remembered for one naming only. */
  readonly naming: string;
  readonly replicas: readonly ReplicaReport[];
  /** Whether a majority of the authority has answered recently enough. */
  readonly isAuthorityFresh: boolean;
  /** Replicas that the master hears from; undefined where that answer is not fresh. */
  readonly heard: readonly string[] | undefined;
}

/**
 * Which replicas need not confirm. One leaves when a fresh majority reports it down and the master does not hear from it
 * either; it comes back when the master hears from it again, so not before it is in sync. What is not fresh counts for
 * nothing: then all are needed.
 */
export class ReplicaLosses {
  #naming = '';
  readonly #lost = new Set<string>();

  census({ naming, replicas, isAuthorityFresh, heard }: CensusInput): ReplicaCensus {
    if (naming !== this.#naming) {
      this.#naming = naming;
      this.#lost.clear();
    }
    const configured = replicas.length;
    if (!isAuthorityFresh || heard === undefined) return { configured, down: 0 };
    if (heard.length >= configured) this.#lost.clear();
    const known = new Set(replicas.map(({ id }) => id));
    for (const id of this.#lost) {
      if (!known.has(id) || heard.includes(id)) this.#lost.delete(id);
    }
    for (const { id, isReportedDown } of replicas) {
      if (isReportedDown && !heard.includes(id)) this.#lost.add(id);
    }
    // Never more than the master misses, by whatever names it knows its replicas.
    return { configured, down: Math.max(0, Math.min(this.#lost.size, configured - heard.length)) };
  }
}
