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
 * either; so does a master when it is failed over. It comes back when the present one hears from it, so not before it is in sync. What is not fresh counts for
 * nothing: then all are needed.
 */
export class ReplicaLosses {
  #naming = '';
  readonly #lost = new Set<string>();
  /** Whether the authority has listed them as replicas since. */
  readonly #formerMasters = new Map<string, boolean>();

  /** A failover from this one to another was declared: it is a replica now that is down, until it is heard. */
  onFailover(from: string, to: string): void {
    this.#formerMasters.set(from, false);
    this.#formerMasters.delete(to);
  }

  get awaitsFormerMaster(): boolean {
    return this.#formerMasters.size > 0;
  }

  census({ naming, replicas: reports, isAuthorityFresh, heard }: CensusInput): ReplicaCensus {
    if (naming !== this.#naming) {
      this.#naming = naming;
      this.#lost.clear();
    }
    const replicas = this.#withFormerMasters(reports);
    const configured = replicas.length;
    if (!isAuthorityFresh || heard === undefined) return { configured, down: 0 };
    if (heard.length >= configured) {
      this.#lost.clear();
      this.#formerMasters.clear();
    }
    for (const id of heard) this.#formerMasters.delete(id);
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

  #withFormerMasters(reports: readonly ReplicaReport[]): readonly ReplicaReport[] {
    if (this.#formerMasters.size === 0) return reports;
    const listed = new Set(reports.map(({ id }) => id));
    for (const [id, wasListed] of this.#formerMasters) {
      if (listed.has(id)) this.#formerMasters.set(id, true);
      // The authority has been told to forget it.
      else if (wasListed) this.#formerMasters.delete(id);
    }
    const others = reports.filter(({ id }) => !this.#formerMasters.has(id));
    return [...others, ...[...this.#formerMasters.keys()].map((id) => ({ id, isReportedDown: true }))];
  }
}
