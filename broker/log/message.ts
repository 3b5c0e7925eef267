/** What an application publishes. */
export interface OutgoingMessage {
  /** At most 65,535 bytes; made by the broker where it is missing. The broker does not check that it is unique. */
  readonly id?: string | undefined;
  /** Messages of one key are handled in order. Keyless messages go to any partition. At most 65,535 bytes. */
  readonly key?: string | undefined;
  readonly payload: Buffer;
  /** Messages with the same one are stored once within the broker's `dedupeWindowMs`, whoever publishes them. */
  readonly dedupeId?: string | undefined;
  /** 0 is the most important; at most 255. */
  readonly priority?: number | undefined;
  /** All names and values together at most 65,535 bytes. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Says that a message is stored, and how safely. */
export interface Receipt {
  readonly partition: number;
  readonly durability: Durability;
  /** Replicas that confirmed. */
  readonly replicas: number;
  /** The `dedupeId` was stored before: this message was not stored again. */
  readonly duplicate?: boolean;
}

/**
 * When a publish is acknowledged. `leader`: the master has executed it. `replicated`: `WAIT n` has confirmed that n replicas
 * hold it. `fsync`: it is on the master's disk, and n replicas hold it (none where there are none).
 */
export const DURABILITIES = ['leader', 'replicated', 'fsync'] as const;
export type Durability = (typeof DURABILITIES)[number];

/**
 * What `replicated` and `fsync` do without all replicas. `survivors`: a replica need not confirm while a fresh majority of
 * the authority reports it down, but one always has to. `block`: publishing waits for all of them. `degrade`: goes on
 * with what there is, and says so in receipt and event.
 */
export const REPLICA_LOSS_POLICIES = ['survivors', 'block', 'degrade'] as const;
export type OnReplicaLoss = (typeof REPLICA_LOSS_POLICIES)[number];
