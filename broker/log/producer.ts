import { BackPressureError, BrokerError } from '../broker-error.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Link } from '../redis/link.js';
import { classifyFailure, isNoScript } from '../redis/refusal.js';
import type { Reply } from '../redis/wire-command.js';
import { encodedSize } from './frame-codec.js';
import type { OutgoingMessage } from './message.js';
import type { OnPublishOutcome, OutgoingFrame, PublishOutcome } from './outgoing-frame.js';
import { parsePublishReply, publishScript, wrapPublish } from './publish-script.js';
import type { LaneSender, TopicProducer } from './topic-producer.js';

export interface ProducerOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  readonly publishTimeoutMs: number;
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

const EXPIRY_CHECK_MS = 25;
const REFUSED_RETRY_BASE_MS = 10;
const REFUSED_RETRY_CAP_MS = 200;
/** What a rejected caller is told to wait: a few round trips. */
const RETRY_AFTER_MS = 10;

/** Sends what the lanes hold: frames of all partitions that are ready in one turn of the event loop leave in one write. */
export class Producer {
  readonly #options: ProducerOptions;
  #ready: LaneSender[] = [];
  readonly #topics = new Set<TopicProducer>();
  #waiting: WaitingBatch[] = [];
  #bufferedBytes = 0;
  #flushScheduled = false;
  #cancelExpiry: CancelTimer | undefined;
  #capacity: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  add(topic: TopicProducer): void {
    this.#topics.add(topic);
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** A promise while the buffer is full. */
  capacity(): Promise<void> | undefined {
    if (this.#bufferedBytes < this.#options.maxBufferedBytes && this.#waiting.length === 0) return undefined;
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
    const error = new BackPressureError(`${this.#bufferedBytes} bytes wait to be sent already`, RETRY_AFTER_MS);
    for (let i = from; i < messages.length; i++) onOutcome(i, { kind: 'rejected', error });
  }

  /** The link is open (again): what is in flight is sent again, its outcome is unknown. */
  onLinkOpen(): void {
    for (const topic of this.#topics) {
      for (const sender of topic.senders) {
        if (sender.lane.hasFrameInFlight) sender.needsResend = true;
        sender.retryAtMs = 0;
        if (!sender.lane.isIdle) this.#enqueue(sender);
      }
    }
  }

  /** Takes no more messages; resolves when every message has its outcome. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get #isIdle(): boolean {
    return this.#bufferedBytes === 0 && this.#waiting.length === 0;
  }

  /** Puts messages from index `from` on into their lanes until the buffer is full. Returns the first that did not fit. */
  #accept(
    topic: TopicProducer,
    messages: readonly OutgoingMessage[],
    from: number,
    deadlineMs: number,
    onOutcome: OnPublishOutcome,
  ): number {
    const { clock, maxBufferedBytes, maxMessageBytes, newMessageId } = this.#options;
    const wallMs = clock.wallMs();
    let i = from;
    for (; i < messages.length && this.#bufferedBytes < maxBufferedBytes; i++) {
      const message = messages[i]!;
      const id = message.id ?? newMessageId();
      const size = encodedSize(id, message);
      if (typeof size === 'string') {
        onOutcome(i, { kind: 'rejected', error: new BrokerError('bad-option', `message ${id}: ${size}`) });
      } else if (size > maxMessageBytes) {
        const error = new BrokerError('too-large', `message ${id}: ${size} bytes encoded; at most ${maxMessageBytes}`);
        onOutcome(i, { kind: 'rejected', error });
      } else {
        const sender = topic.senderOf(message.key);
        sender.lane.append(id, message, size, wallMs, deadlineMs, i, onOutcome);
        this.#bufferedBytes += size;
        if (!sender.isQueued && !sender.lane.hasFrameInFlight) this.#enqueue(sender);
      }
    }
    if (i > from) this.#armExpiry();
    return i;
  }

  #enqueue(sender: LaneSender): void {
    if (!sender.isQueued) {
      sender.isQueued = true;
      this.#ready.push(sender);
    }
    if (this.#flushScheduled || !this.#options.link.isOpen) return;
    this.#flushScheduled = true;
    this.#options.clock.soon(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const { link, clock } = this.#options;
    for (const topic of this.#topics) topic.nextTick();
    if (!link.isOpen || this.#ready.length === 0) return;
    const nowMs = clock.nowMs();
    const ready = this.#ready;
    this.#ready = [];
    link.corked(() => {
      for (const sender of ready) {
        sender.isQueued = false;
        if (sender.retryAtMs > nowMs) this.#retryLater(sender, sender.retryAtMs - nowMs);
        else this.#sendNext(sender, nowMs);
      }
    });
  };

  #sendNext(sender: LaneSender, nowMs: number): void {
    const { lane } = sender;
    const frame = sender.needsResend ? lane.inFlight : lane.take(nowMs);
    sender.needsResend = false;
    if (frame === undefined) {
      // The frame that had to be sent again was given up meanwhile.
      if (!lane.isIdle && !lane.hasFrameInFlight) this.#enqueue(sender);
      return;
    }
    const { buffer, start, end, first, last } = frame;
    const wire = wrapPublish(buffer, start, end, sender.prefix, lane.stored, first, last);
    this.#options.link.sendWire('evalsha', wire, (error, reply) => this.#onReply(sender, frame, error, reply));
  }

  #onReply(sender: LaneSender, frame: OutgoingFrame, error: Error | undefined, reply: Reply): void {
    const { lane } = sender;
    if (frame !== lane.inFlight) return;
    if (error === undefined) {
      sender.refusals = 0;
      sender.needsResend = lane.onReply(frame, parsePublishReply(reply)) === 'resend';
    } else {
      const failure = classifyFailure(error);
      if (failure === 'ambiguous') this.#onAmbiguous(sender);
      else if (failure === 'transient') this.#onTransientRefusal(sender, error);
      else lane.onRefused(frame, new BrokerError('refused', error.message, { cause: error }));
    }
    this.#release(lane.takeFreedBytes());
    if (sender.needsResend || !lane.isIdle) this.#enqueue(sender);
  }

  /** Sent again when the link is open again; at once if it still looks open, but not in a hot loop. */
  #onAmbiguous(sender: LaneSender): void {
    sender.needsResend = true;
    sender.retryAtMs = this.#options.clock.nowMs() + REFUSED_RETRY_BASE_MS;
  }

  #onTransientRefusal(sender: LaneSender, error: Error): void {
    const { link, clock, random } = this.#options;
    sender.needsResend = true;
    if (isNoScript(error)) {
      link.send(['SCRIPT', 'LOAD', publishScript.source], () => {});
      return;
    }
    sender.refusals++;
    const backoffMs = Math.min(REFUSED_RETRY_CAP_MS, REFUSED_RETRY_BASE_MS * 2 ** Math.min(sender.refusals, 10));
    sender.retryAtMs = clock.nowMs() + backoffMs * (0.5 + random() / 2);
  }

  #retryLater(sender: LaneSender, ms: number): void {
    this.#options.clock.after(ms, () => {
      if (!sender.lane.isIdle) this.#enqueue(sender);
    });
  }

  #release(bytes: number): void {
    if (bytes === 0) return;
    this.#bufferedBytes -= bytes;
    if (this.#waiting.length > 0) this.#admitWaiting();
    const hasRoom = this.#bufferedBytes < this.#options.maxBufferedBytes && this.#waiting.length === 0;
    if (hasRoom && this.#capacity !== undefined) {
      this.#capacity.resolve();
      this.#capacity = undefined;
    }
    if (this.#isIdle) this.#onIdle?.();
  }

  #admitWaiting(): void {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting[0]!;
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
    let released = 0;
    for (const topic of this.#topics) {
      for (const sender of topic.senders) {
        const { lane } = sender;
        if (lane.isIdle) continue;
        const hadFrame = lane.hasFrameInFlight;
        lane.expire(nowMs);
        released += lane.takeFreedBytes();
        if (hadFrame && !lane.hasFrameInFlight) {
          sender.needsResend = false;
          if (!lane.isIdle) this.#enqueue(sender);
        }
      }
    }
    while (this.#waiting.length > 0 && this.#waiting[0]!.deadlineMs <= nowMs) {
      const { messages, next, onOutcome } = this.#waiting.shift()!;
      for (let i = next; i < messages.length; i++) onOutcome(i, WAITED_TOO_LONG);
      if (this.#isIdle) this.#onIdle?.();
    }
    this.#release(released);
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
