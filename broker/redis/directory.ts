/** A server by the address at which clients reach it. */
export interface Place {
  /** `host:port` */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** A master as the authority (Sentinel, the cluster, or the configuration) names it. */
export interface Master {
  /** `host:port` as clients connect to it. Identifies the master. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Config epoch of the naming; 0 without an authority. */
  readonly epoch: number;
}

/** The replicas of one master as the authority sees them. */
export interface ReplicaCensus {
  /** All that belong to the master, down or not. */
  readonly configured: number;
  /**
   * Those of them that a majority of the Sentinels (of the cluster's masters) reports down, asked within half of
   * `down-after`, and that the master itself does not hear from either. 0 where the answer is not fresh or there is no
   * authority: then all are needed.
   */
  readonly down: number;
}

/**
 * Who is master, by the word of the authority: an epoch lower than one seen before is never believed, since a healed old
 * master calls itself master for seconds.
 */
export interface Directory extends AsyncDisposable {
  readonly topology: 'standalone' | 'sentinel' | 'cluster';
  /** Resolves when every slot has a master, throws BrokerError `connection` when that takes longer than `withinMs`. */
  ready(withinMs: number): Promise<void>;
  /** The master of a hash slot; undefined while nobody is named. */
  masterOf(slot: number): Master | undefined;
  /** All masters that are named now. */
  masters(): readonly Master[];
  census(master: Master): ReplicaCensus;
  /** The replicas of it that the authority tells of, down or not, as clients reach them; none where there is no authority. */
  replicasOf(master: Master): readonly Place[];
  /** Somebody saw a closed connection, READONLY or MOVED: asks the authority again, soon. Cheap. */
  refresh(): void;
  /** Calls `listener` after every change of {@link masterOf}. Returns what ends that. */
  onChange(listener: () => void): () => void;
}
