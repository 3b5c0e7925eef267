/** Every way in which the broker refuses or fails. Switch on this, never on the text. */
export type BrokerErrorCode =
  /** An option, a topic name or a message is malformed. */
  | 'bad-option'
  /** The topic exists with another number of partitions. */
  | 'topic-mismatch'
  | 'topic-missing'
  | 'group-missing'
  /** The message cannot be decoded: it is not put back, since it would be set aside again. */
  | 'undecodable'
  /** The group has a living member: it is not deleted. */
  | 'group-in-use'
  /** A living member of the group has the same id. */
  | 'duplicate-member'
  /** The message is larger than `maxMessageBytes`. */
  | 'too-large'
  /** The producer's buffer is full. Not stored. */
  | 'back-pressure'
  /** The deadline passed before the message was sent. Not stored. */
  | 'expired'
  /** The deadline passed while the outcome was unknown: stored, or not. */
  | 'indeterminate'
  /** The broker or the subscription is closed. Not stored. */
  | 'closed'
  /** Redis answered with an error that sending again cannot cure. Not stored. */
  | 'refused'
  /** Another producer uses this producer's identity. Not stored. */
  | 'duplicate-producer'
  /** Wrong or missing password, or the ACL of the user does not allow what the broker needs. */
  | 'unauthorized'
  /** What answers at the address does not speak Redis, or TLS is on at one end only. */
  | 'protocol'
  /** The server's version or settings cannot keep what was asked for. */
  | 'unsupported-server'
  /** Redis could not be reached, or the connection broke. */
  | 'connection';

const RETRIABLE: ReadonlySet<BrokerErrorCode> = new Set(['back-pressure', 'expired', 'indeterminate', 'connection']);

export class BrokerError extends Error {
  override readonly name: string = 'BrokerError';
  readonly code: BrokerErrorCode;
  /** Whether the same call can succeed later without a change. */
  readonly retriable: boolean;

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retriable = RETRIABLE.has(code);
  }
}

/** The producer's buffer is full: wait `retryAfterMs`, or let `publish` wait (`whenFull: 'wait'`). */
export class BackPressureError extends BrokerError {
  override readonly name = 'BackPressureError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('back-pressure', message);
    this.retryAfterMs = retryAfterMs;
  }
}
