/** What an application publishes. */
export interface OutgoingMessage {
  /** At most 65,535 bytes; made by the broker where it is missing. The broker does not check that it is unique. */
  readonly id?: string | undefined;
  /** Messages of one key are handled in order. Keyless messages go to any partition. At most 65,535 bytes. */
  readonly key?: string | undefined;
  readonly payload: Buffer;
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
}

/** `leader`: the master has executed the write. */
export const DURABILITIES = ['leader'] as const;
export type Durability = (typeof DURABILITIES)[number];
