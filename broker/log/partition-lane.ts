import { BrokerError } from '../broker-error.js';
import { EXPIRED, INDETERMINATE } from './deadline-outcomes.js';
import type { OutgoingMessage } from './message.js';
import type { OnPublishOutcome, OutgoingFrame } from './outgoing-frame.js';
import { type IdentityOptions, ProducerIdentity } from './producer-identity.js';
import type { PublishReply } from './publish-script.js';
import type { Receipts } from './receipts.js';
import type { ReplayBuffer } from './replay-buffer.js';
import { RetainedFrames } from './retained-frames.js';
import { SendQueue, type SendQueueOptions } from './send-queue.js';

export interface LaneOptions extends IdentityOptions, SendQueueOptions {
  readonly replay: ReplayBuffer;
  readonly receipts: Receipts;
  /** The log has lost acknowledged messages, and they are not kept any more. */
  onLoss(firstSequence: number, lastSequence: number): void;
}

/** How safely an answer is known to be stored. */
export interface Confirmation {
  /** Replicas that hold it, for all that is known. */
  readonly replicas: number;
  /** They are as many as are needed: it need not be kept for a replay. */
  readonly isEnough: boolean;
}

/**
 * The queue of one partition in a producer: at most one frame in flight, everything published meanwhile gathers behind
 * it. A pure state machine: it never sends; {@link next} says what to send, the other methods tell it what happened.
 *
 * - A frame once sent keeps its messages and sequences until the log has them, or every message in it was answered
 *   (deadline): then it is given up and never sent again.
 * - A frame that was acknowledged is kept until enough replicas have confirmed it, and a while longer. When the log turns
 *   out to be shorter than what was acknowledged, it is sent again before anything else, in order, whoever publishes or not.
 */
export class PartitionLane {
  readonly #options: LaneOptions;
  readonly #queue: SendQueue;
  readonly #retained: RetainedFrames;
  readonly identity: ProducerIdentity;
  #inFlight: OutgoingFrame | undefined;
  /** What {@link next} returned last; answers to anything else come too late. */
  #sending: OutgoingFrame | undefined;
  #history = '';
  /** Grows whenever the log turns out to be another, or shorter: what was asked for before says nothing any more. */
  #viewCount = 0;
  /** Bytes of messages that wait for their outcome. */
  bufferedBytes = 0;
  #freedBytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#queue = new SendQueue(options);
    this.#retained = new RetainedFrames(options.replay, options);
    this.identity = new ProducerIdentity(options);
  }

  get producerId(): string {
    return this.identity.id;
  }

  /** What the log is known to have: the next frame follows it. */
  get stored(): number {
    return this.identity.stored;
  }

  /** Nothing published waits for its outcome. */
  get isIdle(): boolean {
    return this.#inFlight === undefined && this.#queue.isEmpty;
  }

  get hasFrameInFlight(): boolean {
    return this.#inFlight !== undefined;
  }

  /** What {@link next} returned has no answer yet. */
  get isSending(): boolean {
    return this.#sending !== undefined;
  }

  get isReplaying(): boolean {
    return this.#retained.hasLost;
  }

  /** {@link next} has something. */
  get hasWork(): boolean {
    return !this.isIdle || this.isReplaying;
  }

  /** What the log has waits for the confirmation of replicas. */
  get awaitsConfirmation(): boolean {
    return this.#retained.hasUnconfirmedStored;
  }

  get history(): string {
    return this.#history;
  }

  get viewCount(): number {
    return this.#viewCount;
  }

  /**
   * Bytes that left since the last call. Differences of {@link bufferedBytes} do not tell: whoever learns an outcome
   * may publish into the lane at once.
   */
  takeFreedBytes(): number {
    const freed = this.#freedBytes;
    this.#freedBytes = 0;
    return freed;
  }

  append(
    id: string,
    message: OutgoingMessage,
    size: number,
    wallMs: number,
    deadlineMs: number,
    index: number,
    onOutcome: OnPublishOutcome,
    dedupeHash?: Buffer,
  ): void {
    this.#queue.append(id, message, size, wallMs, deadlineMs, index, onOutcome, dedupeHash);
    this.bufferedBytes += size;
  }

  /** Whether the stored sequence has to be read before anything is sent to a server with this history. */
  needsComparison(history: string): boolean {
    return this.#history !== history && this.identity.isUsed;
  }

  /** What the row holds on this history (0: there is none). The lane goes on from there. */
  onCompared(history: string, stored: number): void {
    this.#enter(history);
    if (stored > this.identity.sent) this.#onForeign(stored);
    else this.#reconcile(stored);
  }

  /** What the log turned out to have is doubtful: it is to be compared, whatever the history. */
  doubt(): void {
    this.#history = '';
    this.#viewCount++;
  }

  /**
   * What to send now on this history: what the log has lost, in order; else the frame in flight; else the next one. No
   * comparison may be due.
   */
  next(history: string, nowMs: number, wallMs: number): OutgoingFrame | undefined {
    this.#enter(history);
    const frame = this.#retained.nextReplay() ?? this.#inFlight ?? this.#takeFromQueue(nowMs, wallMs);
    if (frame !== undefined) frame.isInTheAir = true;
    this.#sending = frame;
    this.identity.onSending(nowMs, wallMs);
    return frame;
  }

  /** The log's answer about the frame that {@link next} returned; one about any other frame is ignored. */
  onReply(frame: OutgoingFrame, reply: PublishReply, confirmation: Confirmation, nowMs: number): void {
    if (!this.#land(frame)) return;
    frame.refusal = undefined;
    this.identity.onAnswered();
    const { stored } = reply;
    if (stored > this.identity.sent) {
      this.#onForeign(stored);
      return;
    }
    const { receipts } = this.#options;
    const accepted = receipts.stored(confirmation.replicas);
    if (frame !== this.#inFlight) {
      this.#reconcile(stored);
    } else if (reply.outcome === 'mismatch') {
      this.#reconcile(stored);
      if (stored >= frame.first) {
        frame.answerThrough(stored, accepted);
        this.#cut(frame, () => frame.cutThrough(stored));
      }
    } else {
      this.identity.stored = stored;
      this.#inFlight = undefined;
      this.#free(frame.bytes);
      const skipped = reply.skip.length === 0 ? accepted : receipts.duplicate(confirmation.replicas);
      frame.answerAll(accepted, reply.skip, skipped);
      this.#retained.add(frame);
    }
    if (confirmation.isEnough) this.#retained.confirmThrough(this.identity.stored, nowMs);
  }

  /** Nobody knows whether the log has the frame: it is sent again. */
  onAmbiguous(frame: OutgoingFrame): void {
    if (this.#land(frame)) frame.isUncertain = true;
  }

  /** The log refused the frame and does not have it; it may take it later. */
  onRefusedForNow(frame: OutgoingFrame, error: BrokerError | undefined): void {
    if (this.#land(frame)) frame.refusal = error;
  }

  /**
   * The log refused the frame, and it is not to be sent again. What was acknowledged is sent again all the same: an error
   * is no reason to give up what was promised.
   */
  onRefused(frame: OutgoingFrame, error: BrokerError): void {
    this.onRefusedForNow(frame, error);
    if (frame !== this.#inFlight) return;
    frame.answerAll(frame.isUncertain ? INDETERMINATE : { kind: 'rejected', error });
    this.#giveUp(frame);
  }

  /** Answers every message whose deadline has passed: `indeterminate` where it may be stored, else `rejected`. */
  expire(nowMs: number): void {
    const sent = this.#inFlight;
    if (sent !== undefined && sent.deadlineMs <= nowMs) {
      const { refusal } = sent;
      const notStored = refusal === undefined ? EXPIRED : ({ kind: 'rejected', error: refusal } as const);
      const outcome = sent.mayBeStored ? INDETERMINATE : notStored;
      while (sent.deadlineMs <= nowMs) sent.answerNext(outcome);
      if (sent.isAnswered) this.#giveUp(sent);
      // What was called not stored must not be sent with the rest.
      else if (!sent.mayBeStored) this.#cut(sent, () => sent.cutAnswered());
    }
    this.#free(this.#queue.expire(nowMs));
  }

  /** Enough replicas hold what the log had up to `sequence` when {@link viewCount} was this. */
  confirmThrough(sequence: number, viewCount: number, nowMs: number): void {
    if (viewCount === this.#viewCount) this.#retained.confirmThrough(sequence, nowMs);
  }

  /** The attempt is over: returns whether it was the present one. */
  #land(frame: OutgoingFrame): boolean {
    if (frame !== this.#sending) return false;
    this.#sending = undefined;
    frame.isInTheAir = false;
    // A copy of several that are kept: see RetainedFrames.nextReplay.
    if (frame !== this.#inFlight && frame.keeper === undefined) this.#options.pool.release(frame.buffer);
    return true;
  }

  #takeFromQueue(nowMs: number, wallMs: number): OutgoingFrame | undefined {
    const frame = this.#queue.shift();
    if (frame === undefined) return undefined;
    const { identity } = this;
    if (identity.isExpired(nowMs, wallMs) && !this.#retained.hasUnconfirmed) this.#renewId();
    identity.use(frame.last, nowMs, wallMs);
    this.#inFlight = frame;
    return frame;
  }

  #enter(history: string): void {
    if (this.#history === history) return;
    this.#history = history;
    this.#viewCount++;
    this.#retained.unconfirmAll();
  }

  #reconcile(stored: number): void {
    if (stored < this.identity.stored) this.#viewCount++;
    this.identity.stored = stored;
    const lost = this.#retained.rewind(stored);
    if (lost !== undefined) this.#options.onLoss(lost[0], lost[1]);
  }

  /** Somebody else uses this lane's id: what it stored cannot be told from what the other did. */
  #onForeign(stored: number): void {
    const { sent } = this.identity;
    this.#renewId();
    this.#viewCount++;
    const frame = this.#inFlight;
    if (frame === undefined) return;
    const error = new BrokerError('duplicate-producer', `partition has sequence ${stored}, sent were ${sent}`);
    frame.answerAll(frame.mayBeStored ? INDETERMINATE : { kind: 'rejected', error });
    this.#giveUp(frame);
  }

  /** The buffer of a frame that may be on its way stays away from the pool: its bytes may still be read. */
  #giveUp(frame: OutgoingFrame): void {
    if (this.#sending === frame) this.#sending = undefined;
    this.#inFlight = undefined;
    this.#free(frame.bytes);
    if (!frame.mayBeStored) this.#options.pool.release(frame.buffer);
  }

  #cut(frame: OutgoingFrame, cut: () => void): void {
    const before = frame.bytes;
    cut();
    this.#free(before - frame.bytes);
  }

  #free(bytes: number): void {
    this.bufferedBytes -= bytes;
    this.#freedBytes += bytes;
  }

  #renewId(): void {
    this.identity.renew();
    this.#retained.clear();
  }
}
