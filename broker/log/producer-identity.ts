export interface IdentityOptions {
  /** Idle for this long it takes a new id: rows of idle producers are removed. */
  readonly idleIdMs: number;
  newProducerId(): string;
}

/**
 * The name under which one lane publishes, and its sequences. A row that is touched in time is never removed, so a row
 * that is missing or lower than acknowledged means that the log has lost something.
 */
export class ProducerIdentity {
  readonly #options: IdentityOptions;
  id: string;
  /** Highest sequence that was sent. */
  sent = 0;
  /** What the log is known to have on the present history: the next frame follows it. */
  stored = 0;
  /** The row may exist. */
  isUsed = false;
  /** The row is known to be written no earlier than this. */
  #seenMs = 0;
  #seenWallMs = 0;
  #sentMs = 0;
  #sentWallMs = 0;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.id = options.newProducerId();
  }

  /** A frame that ends with this sequence is about to be sent for the first time. */
  use(last: number, nowMs: number, wallMs: number): void {
    if (!this.isUsed) this.onSeen(nowMs, wallMs);
    this.isUsed = true;
    this.sent = last;
  }

  onSending(nowMs: number, wallMs: number): void {
    this.#sentMs = nowMs;
    this.#sentWallMs = wallMs;
  }

  /** What was sent last has been answered. */
  onAnswered(): void {
    this.onSeen(this.#sentMs, this.#sentWallMs);
  }

  /** Something that was sent then has been answered, and has written the row. */
  onSeen(sentAtMs: number, sentAtWallMs: number): void {
    this.#seenMs = sentAtMs;
    this.#seenWallMs = sentAtWallMs;
  }

  /** Since the row was written, by the wall clock or the monotonic one, whichever says longer: one of them may have stood still. */
  idleMs(nowMs: number, wallMs: number): number {
    return this.isUsed ? Math.max(nowMs - this.#seenMs, wallMs - this.#seenWallMs) : 0;
  }

  isExpired(nowMs: number, wallMs: number): boolean {
    return this.idleMs(nowMs, wallMs) > this.#options.idleIdMs;
  }

  /** Sequences go on: no message ever has another's. */
  renew(): void {
    this.id = this.#options.newProducerId();
    this.stored = 0;
    this.isUsed = false;
  }
}
