import { BackPressureError, BrokerError } from '../broker-error.js';
import type { OnBrokerEvent } from '../broker-event.js';
import type { CancelTimer, Clock } from '../clock.js';
import { Fifo } from '../fifo.js';
import { type Random, randomName } from '../random.js';
import type { Directory, Master } from '../redis/directory.js';
import type { OpenMasterLinks } from '../redis/master-links.js';
import { BufferPool } from './buffer-pool.js';
import { dedupeHash } from './dedupe-id.js';
import { encodedSize } from './frame-codec.js';
import { LaneDispatcher } from './lane-dispatcher.js';
import type { Durability, OnReplicaLoss, OutgoingMessage } from './message.js';
import type { OnPublishOutcome, PublishOutcome } from './outgoing-frame.js';
import { ReplayBuffer } from './replay-buffer.js';
import { TopicProducer } from './topic-producer.js';

export interface ProducerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly openLinks: OpenMasterLinks;
  readonly onEvent: OnBrokerEvent;
  readonly durability: Durability;
  readonly onReplicaLoss: OnReplicaLoss;
  readonly publishTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxReplayBytes: number;
  readonly maxFrameBytes: number;
  readonly maxFrameMessages: number;
  readonly maxLogBytes: number;
  readonly dedupeWindowMs: number;
  readonly maxDedupeIds: number;
  readonly whenFull: 'wait' | 'reject';
  newMessageId(): string;
}

interface WaitingBatch {
  readonly topic: TopicProducer;
  readonly messages: readonly OutgoingMessage[];
  readonly onOutcome: OnPublishOutcome;
  readonly deadlineMs: number;
  next: number;
}

const POOL_KEEP_BYTES = 32 * 1024 * 1024;
const EXPIRY_CHECK_MS = 25;
/** What a rejected caller is told to wait: a few round trips. */
const RETRY_AFTER_MS = 10;
/** In the modes that WAIT. */
const STREAMS = 4;

/** Takes messages in, as far as its bounds in bytes allow, and gives each of them its outcome, by its deadline. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #pool = new BufferPool(POOL_KEEP_BYTES);
  readonly #replay: ReplayBuffer;
  readonly #dispatcher: LaneDispatcher;
  readonly #waiting = new Fifo<WaitingBatch>();
  #bufferedBytes = 0;
  #acknowledgedLosses = 0;
  #cancelExpiry: CancelTimer | undefined;
  #capacity: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #isClosed = false;
  #onChange: (() => void) | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#replay = new ReplayBuffer(this.#pool, options.maxReplayBytes);
    this.#dispatcher = new LaneDispatcher({
      ...options,
      replay: this.#replay,
      onFreed: (bytes) => this.#release(bytes),
    });
  }

  /** Of an existing topic. */
  openTopic(topic: string, partitions: number): TopicProducer {
    const { durability, maxFrameBytes, maxFrameMessages, maxLogBytes, random, onEvent } = this.#options;
    const { dedupeWindowMs: windowMs, maxDedupeIds: maxIds } = this.#options;
    const opened = new TopicProducer(
      {
        topic,
        durability,
        streams: durability === 'leader' ? 1 : STREAMS,
        pool: this.#pool,
        replay: this.#replay,
        maxFrameBytes,
        maxFrameMessages,
        maxLogBytes,
        dedupe: { windowMs, maxIds },
        newProducerId: () => randomName(random),
        onLoss: (partition, firstSequence, lastSequence) => {
          this.#acknowledgedLosses++;
          onEvent({ kind: 'acknowledged-loss', topic, partition, firstSequence, lastSequence });
        },
      },
      partitions,
      Math.floor(random() * partitions),
    );
    this.#dispatcher.add(opened);
    return opened;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** How often Redis had lost what it acknowledged and what is not kept any more. */
  get acknowledgedLosses(): number {
    return this.#acknowledgedLosses;
  }

  /** Memory kept for a replay: see {@link ReplayBuffer}. */
  get retainedBytes(): number {
    return this.#replay.unconfirmedBytes + this.#replay.tailBytes;
  }

  /** A promise while the buffer is full. */
  capacity(): Promise<void> | undefined {
    if (this.#hasRoom && this.#waiting.length === 0) return undefined;
    if (this.#capacity === undefined) {
      const { promise, resolve } = withResolvers();
      this.#capacity = { promise, resolve };
    }
    return this.#capacity.promise;
  }

  publish(topic: TopicProducer, messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome): void {
    const { clock, publishTimeoutMs, whenFull } = this.#options;
    const deadlineMs = clock.nowMs() + publishTimeoutMs;
    const from = this.#waiting.length > 0 ? 0 : this.#accept(topic, messages, 0, deadlineMs, onOutcome);
    if (from === messages.length) return;
    if (whenFull === 'wait' && !this.#isClosed) {
      this.#waiting.push({ topic, messages, onOutcome, deadlineMs, next: from });
      this.#armExpiry();
      return;
    }
    const bytes = `${this.#bufferedBytes} bytes wait to be sent, ${this.#replay.unconfirmedBytes} to be confirmed`;
    const error = new BackPressureError(`${bytes}: the message is not stored`, RETRY_AFTER_MS);
    for (let i = from; i < messages.length; i++) onOutcome(i, { kind: 'rejected', error });
  }

  /** See {@link LaneDispatcher.isCaughtUp}. */
  isCaughtUp(master: Master): boolean {
    return this.#dispatcher.isCaughtUp(master);
  }

  /**
   * Takes no more messages; resolves when every message has its outcome, and what was acknowledged is confirmed by the
   * replicas (waited for at most `replyTimeoutMs`: nobody is there to replay it afterwards).
   */
  async drain(): Promise<void> {
    this.#isClosed = true;
    await this.#until(() => this.#isIdle);
    if (this.#replay.unconfirmedBytes === 0) return;
    this.#dispatcher.confirm();
    let isOver = false;
    const cancel = this.#options.clock.after(this.#options.replyTimeoutMs, () => {
      isOver = true;
      this.#onChange?.();
    });
    await this.#until(() => isOver || this.#replay.unconfirmedBytes === 0);
    cancel();
  }

  /** Closes the connections. Twice is safe. */
  close(): void {
    this.#isClosed = true;
    this.#cancelExpiry?.();
    this.#dispatcher.close();
  }

  get #isIdle(): boolean {
    return this.#bufferedBytes === 0 && this.#waiting.length === 0;
  }

  get #hasRoom(): boolean {
    return this.#bufferedBytes < this.#options.maxBufferedBytes && !this.#replay.isFull;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = withResolvers();
      this.#onChange = resolve;
      await promise;
    }
  }

  /** Puts messages from index `from` on into their lanes until the buffer is full. Returns the first that did not fit. */
  #accept(
    topic: TopicProducer,
    messages: readonly OutgoingMessage[],
    from: number,
    deadlineMs: number,
    onOutcome: OnPublishOutcome,
  ): number {
    const { clock, maxMessageBytes, newMessageId } = this.#options;
    const wallMs = clock.wallMs();
    let i = from;
    for (; i < messages.length && this.#hasRoom; i++) {
      const message = messages[i]!;
      const given = message?.id;
      const id = given === undefined ? newMessageId() : given;
      const size = encodedSize(id, message);
      if (typeof size === 'string') {
        const name = typeof given === 'string' ? given : `${i} of ${messages.length}`;
        onOutcome(i, { kind: 'rejected', error: new BrokerError('bad-option', `message ${name}: ${size}`) });
      } else if (size > maxMessageBytes) {
        const error = new BrokerError('too-large', `message ${id}: ${size} bytes encoded; at most ${maxMessageBytes}`);
        onOutcome(i, { kind: 'rejected', error });
      } else {
        const sender = topic.senderOf(message);
        const hash = message.dedupeId === undefined ? undefined : dedupeHash(message.dedupeId);
        sender.lane.append(id, message, size, wallMs, deadlineMs, i, onOutcome, hash);
        this.#bufferedBytes += size;
        if (!sender.isQueued && !sender.lane.hasFrameInFlight) this.#dispatcher.enqueue(sender);
      }
    }
    if (i > from) this.#armExpiry();
    return i;
  }

  #release(bytes: number): void {
    this.#bufferedBytes -= bytes;
    if (this.#waiting.length > 0) this.#admitWaiting();
    if (this.#capacity !== undefined && this.#hasRoom && this.#waiting.length === 0) {
      this.#capacity.resolve();
      this.#capacity = undefined;
    }
    this.#onChange?.();
  }

  #admitWaiting(): void {
    for (let batch = this.#waiting.first; batch !== undefined; batch = this.#waiting.first) {
      batch.next = this.#accept(batch.topic, batch.messages, batch.next, batch.deadlineMs, batch.onOutcome);
      if (batch.next < batch.messages.length) return;
      this.#waiting.shift();
    }
  }

  #armExpiry(): void {
    this.#cancelExpiry ??= this.#options.clock.after(EXPIRY_CHECK_MS, () => {
      this.#cancelExpiry = undefined;
      this.#expire(this.#options.clock.nowMs());
      if (!this.#isIdle) this.#armExpiry();
    });
  }

  #expire(nowMs: number): void {
    this.#dispatcher.expire(nowMs);
    for (
      let batch = this.#waiting.first;
      batch !== undefined && batch.deadlineMs <= nowMs;
      batch = this.#waiting.first
    ) {
      this.#waiting.shift();
      const { messages, next, onOutcome } = batch;
      for (let i = next; i < messages.length; i++) onOutcome(i, WAITED_TOO_LONG);
    }
    this.#release(0);
  }
}

const WAITED_TOO_LONG: PublishOutcome = {
  kind: 'rejected',
  error: new BrokerError('expired', 'the deadline passed while the buffer was full: the message is not stored'),
};

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
