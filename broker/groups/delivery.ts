import { type DecodedMessage, decodeHeaders } from '../log/frame-codec.js';
import type { BreakerScope } from '../recovery/retries/breaker-scope.js';
import type { HandlingFailure } from '../recovery/retry-row.js';
import type { HandledSequences } from './handled-log.js';
import type { TrackedEntry } from './position.js';
import type { Tenure } from './tenure.js';

/** A message as its handler sees it. */
export interface IncomingMessage {
  readonly id: string;
  readonly key: string | undefined;
  /** A view of a buffer of the broker's: copy what you keep after the handler's promise settled. */
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: number;
  /** Wall clock of the producer. */
  readonly publishedAtMs: number;
  readonly partition: number;
  /** 1 for the first delivery. Handlings that a crash cut short are not counted. */
  readonly attempt: number;
  /** Grows with every change of the partition's owner: lets a store refuse writes of a stale one. */
  readonly fencingToken: number;
}

/**
 * Handles one message: returns, or resolves, when it may be settled; throws, or rejects, when it failed. An error with
 * `permanent: true` says that no retry can help.
 */
export type Handler = (message: IncomingMessage) => void | Promise<void>;

/** A message between reading and settling. */
export class Delivery implements IncomingMessage {
  readonly tenure: Tenure;
  readonly entryId: string;
  readonly index: number;
  /** Undefined when it comes from a retry row: the log has it settled already. */
  readonly entry: TrackedEntry | undefined;
  /** Where the log's entry says that it comes from; undefined from a retry row. */
  readonly origin: EntryOrigin | undefined;
  /** Its place among the running handlers. */
  runningAt = -1;
  /** When its handler was called last. */
  startedAtMs = 0;
  failedAttempts: number;
  /** Failed attempts in the stored retry row; 0 while the log holds the message. */
  recordedAttempts: number;
  /** Failed attempts that do not count any more: it is a redriven dead letter. */
  forgivenAttempts = 0;
  failures: readonly HandlingFailure[] = [];
  /** It failed before, and its next attempt is one for which the retry budget is asked; a redriven one's first is not. */
  isRetry = false;
  /** The lease names it: it is handled before others, whatever the breaker and the budget say. */
  isOnTrial = false;
  /** How long its latest retry was to wait, before learning and Retry-After. */
  delayMs = 0;
  /** Of its retry row, where its error asked for more than the longest pause: how long it was to wait. */
  storedDelayMs: number | undefined;
  /** As the application says, where it does. */
  dependency: string | undefined;
  /** Breakers of which its handling shows whether they may close. */
  probes: readonly BreakerScope[] | undefined;
  forgivenProbes = 0;
  decoded: DecodedMessage;

  constructor(
    tenure: Tenure,
    entryId: string,
    index: number,
    entry: TrackedEntry | undefined,
    origin: EntryOrigin | undefined,
    decoded: DecodedMessage,
    failedAttempts: number,
  ) {
    this.tenure = tenure;
    this.entryId = entryId;
    this.index = index;
    this.entry = entry;
    this.origin = origin;
    this.decoded = decoded;
    this.failedAttempts = failedAttempts;
    this.recordedAttempts = failedAttempts;
  }

  /** This process handled it before, whatever became of the settlement. */
  get wasHandled(): boolean {
    const { origin } = this;
    return origin?.handled.has(origin.firstSequence + this.index) ?? false;
  }

  /** It was handled at the first attempt. */
  rememberHandled(): void {
    const { origin } = this;
    origin?.handled.add(origin.firstSequence + this.index);
  }

  get id(): string {
    return this.decoded.id;
  }
  get key(): string | undefined {
    return this.decoded.key;
  }
  get payload(): Buffer {
    return this.decoded.payload;
  }
  get headers(): Readonly<Record<string, string>> {
    return decodeHeaders(this.decoded.headers);
  }
  get priority(): number {
    return this.decoded.priority;
  }
  get publishedAtMs(): number {
    return this.decoded.publishedAtMs;
  }
  get partition(): number {
    return this.tenure.partition;
  }
  get attempt(): number {
    return this.failedAttempts + 1;
  }
  get fencingToken(): number {
    return this.tenure.fencingToken;
  }
}

export interface EntryOrigin {
  readonly firstSequence: number;
  /** Of the entry's producer. */
  readonly handled: HandledSequences;
}
