import { BackPressureError, BrokerError } from '../broker-error.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { classifyFailure, isNoScript, isRedirection } from '../redis/refusal.js';
import type { Reply } from '../redis/wire-command.js';
import type { LaneSender } from './lane-sender.js';
import type { Durability } from './message.js';
import type { OutgoingFrame } from './outgoing-frame.js';
import type { Confirmation } from './partition-lane.js';
import { parsePublishReply, publishScript, storedInRow } from './publish-script.js';
import type { ReplicaAnswer, ReplicaNeed } from './replica-need.js';
import { ReplicaWait } from './replica-wait.js';

export interface ChannelContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly durability: Durability;
  readonly need: ReplicaNeed;
  /** Longest wait for the replicas at a time. */
  readonly waitMs: number;
  readonly whenFull: 'wait' | 'reject';
  /** Something was learnt about the lane: bytes may be free, and there may be something to send. */
  onSettled(sender: LaneSender): void;
  /** The lane is to be flushed. */
  enqueue(sender: LaneSender): void;
  /** Lanes that had to wait are to be flushed. */
  onFree(): void;
}

interface Sent {
  readonly sender: LaneSender;
  readonly frame: OutgoingFrame;
  readonly attempt: number;
  error: Error | undefined;
  reply: Reply;
}

const RETRY_BASE_MS = 10;
const RETRY_CAP_MS = 200;
/** What a caller is told to wait where the log is full: about as often it is trimmed. */
const FULL_RETRY_AFTER_MS = 1_000;
const REFUSED_RETRY_AFTER_MS = 200;

const KEPT: Confirmation = { replicas: 0, isEnough: false };
const STORED: Confirmation = { replicas: 0, isEnough: true };

/**
 * Publishing over one link: what the lanes have ready leaves in one write. In `leader` each frame is answered by its own
 * reply. In the other modes one WAIT ends the write, on the same connection, since it covers that connection's last write
 * only; a frame is answered when it has confirmed enough, else sent again, and nothing else is sent meanwhile.
 */
export class PublishChannel {
  readonly link: Link;
  readonly #context: ChannelContext;
  readonly #wait: ReplicaWait;
  master: Master;
  #ready: LaneSender[] = [];
  #isWaiting = false;

  constructor(link: Link, master: Master, context: ChannelContext) {
    this.link = link;
    this.master = master;
    this.#context = context;
    this.#wait = new ReplicaWait(link, context.durability === 'fsync', context.waitMs);
  }

  get isReady(): boolean {
    return this.link.isOpen && this.#wait.isKnown;
  }

  /** {@link flush} would send something. */
  get canFlush(): boolean {
    return this.#ready.length > 0 && !this.#isWaiting && this.isReady;
  }

  /** The link is open (again); `onReady` is called when frames can be sent. */
  open(onReady: () => void): void {
    this.#wait.probe(onReady);
  }

  enqueue(sender: LaneSender): void {
    if (sender.isQueued) return;
    sender.isQueued = true;
    this.#ready.push(sender);
  }

  flush(nowMs: number): void {
    const { clock, need, durability } = this.#context;
    const ready = this.#ready;
    this.#ready = [];
    const wallMs = clock.wallMs();
    const pipeline: Sent[] | undefined = durability === 'leader' ? undefined : [];
    const isReduced = pipeline !== undefined && need.isReduced(this.master);
    const needed = need.of(this.master);
    const confirmation = needed === 0 ? STORED : KEPT;
    this.#isWaiting = pipeline !== undefined;
    this.link.corked(() => {
      for (const sender of ready) {
        sender.isQueued = false;
        if (sender.channel !== this || sender.awaits !== 'nothing') continue;
        if (sender.retryAtMs > nowMs) this.#retryLater(sender, sender.retryAtMs - nowMs);
        else if (sender.lane.needsComparison(this.link.history)) this.#compare(sender);
        else this.#sendNext(sender, pipeline, confirmation, nowMs, wallMs);
      }
      if (pipeline === undefined) return;
      if (pipeline.length === 0) this.#isWaiting = false;
      else this.#wait.ask(needed, isReduced, (error, answer) => this.#onWaited(pipeline, error, answer));
    });
  }

  #sendNext(
    sender: LaneSender,
    pipeline: Sent[] | undefined,
    confirmation: Confirmation,
    nowMs: number,
    wallMs: number,
  ): void {
    const frame = sender.lane.next(this.link.history, nowMs, wallMs);
    if (frame === undefined) return;
    const attempt = sender.await('answer');
    const wire = sender.encode(frame);
    if (pipeline === undefined) {
      this.link.sendWire('evalsha', wire, (error, reply) =>
        this.#settle(sender, frame, attempt, error, reply, confirmation),
      );
      return;
    }
    const sent: Sent = { sender, frame, attempt, error: undefined, reply: null };
    pipeline.push(sent);
    this.link.sendWire('evalsha', wire, (error, reply) => {
      sent.error = error;
      sent.reply = reply;
    });
  }

  #onWaited(pipeline: readonly Sent[], error: Error | undefined, answer: ReplicaAnswer): void {
    const { need, directory, clock } = this.#context;
    this.#isWaiting = false;
    const verdict = error === undefined ? need.judge(this.master, answer) : 'unknown';
    const isDoubtful = verdict === 'unknown' || verdict === 'one-is-back';
    if (isDoubtful) directory.refresh();
    const confirmation: Confirmation = { replicas: Math.max(0, answer.confirmed), isEnough: true };
    const retryAtMs = isDoubtful ? clock.nowMs() + RETRY_BASE_MS : 0;
    for (const { sender, frame, attempt, error: failure, reply } of pipeline) {
      if (verdict === 'enough' || failure !== undefined) {
        this.#settle(sender, frame, attempt, failure, reply, confirmation);
      } else if (sender.attempt === attempt) {
        // Sent again with the same sequences: the script writes, so the next WAIT covers it.
        sender.answered();
        sender.lane.onAmbiguous(frame);
        sender.retryAtMs = retryAtMs;
        this.#context.onSettled(sender);
      }
    }
    // Of a frame that was given up meanwhile nothing was told.
    if (this.canFlush) this.#context.onFree();
  }

  #settle(
    sender: LaneSender,
    frame: OutgoingFrame,
    attempt: number,
    error: Error | undefined,
    reply: Reply,
    confirmation: Confirmation,
  ): void {
    if (sender.attempt !== attempt) return;
    sender.answered();
    if (error === undefined) this.#onReply(sender, frame, reply, confirmation);
    else this.#onError(sender, frame, error);
    this.#context.onSettled(sender);
  }

  #onReply(sender: LaneSender, frame: OutgoingFrame, reply: Reply, confirmation: Confirmation): void {
    const answer = parsePublishReply(reply);
    if (answer.outcome === 'log-full') {
      this.#onFull(sender, frame, 'the log is at its limit (maxLogBytes)', FULL_RETRY_AFTER_MS);
    } else if (answer.outcome === 'window-full') {
      this.#onFull(sender, frame, 'the window of dedupeIds is at its limit (maxDedupeIds)', FULL_RETRY_AFTER_MS);
    } else {
      sender.refusals = 0;
      sender.lane.onReply(frame, answer, confirmation, this.#context.clock.nowMs());
    }
  }

  #onError(sender: LaneSender, frame: OutgoingFrame, error: Error): void {
    const { lane } = sender;
    switch (classifyFailure(error)) {
      case 'ambiguous':
        // Sent again when the link is open again; at once if it still looks open, but not in a hot loop.
        lane.onAmbiguous(frame);
        sender.retryAtMs = this.#context.clock.nowMs() + RETRY_BASE_MS;
        return;
      case 'transient':
        if (isNoScript(error)) {
          lane.onRefusedForNow(frame, undefined);
          this.link.send(['SCRIPT', 'LOAD', publishScript.source], () => {});
        } else if (/^(OOM|NOREPLICAS)/.test(error.message)) {
          this.#onFull(sender, frame, error.message, REFUSED_RETRY_AFTER_MS);
        } else {
          if (isRedirection(error)) this.#context.directory.refresh();
          const text = `the deadline passed while Redis refused, the message is not stored: ${error.message}`;
          lane.onRefusedForNow(frame, new BrokerError('expired', text, { cause: error }));
          this.#backOff(sender);
        }
        return;
      case 'definite':
        lane.onRefused(frame, new BrokerError('refused', error.message, { cause: error }));
        if (lane.isReplaying) this.#backOff(sender);
    }
  }

  #onFull(sender: LaneSender, frame: OutgoingFrame, reason: string, retryAfterMs: number): void {
    const error = new BackPressureError(`${reason}: the message is not stored`, retryAfterMs);
    if (this.#context.whenFull === 'reject' && !frame.isUncertain) sender.lane.onRefused(frame, error);
    else sender.lane.onRefusedForNow(frame, error);
    this.#backOff(sender);
  }

  #compare(sender: LaneSender): void {
    const { lane, keys } = sender;
    const { history } = this.link;
    const attempt = sender.await('comparison');
    this.link.send(['HGET', keys.producers, lane.producerId], (error, reply) => {
      if (sender.attempt !== attempt) return;
      sender.answered();
      if (error === undefined) lane.onCompared(history, storedInRow(reply));
      else {
        if (isRedirection(error)) this.#context.directory.refresh();
        this.#backOff(sender);
      }
      this.#context.onSettled(sender);
    });
  }

  #backOff(sender: LaneSender): void {
    const { clock, random } = this.#context;
    const delayMs = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(sender.refusals++, 10));
    sender.retryAtMs = clock.nowMs() + delayMs * (0.5 + random() / 2);
  }

  #retryLater(sender: LaneSender, ms: number): void {
    if (sender.isRetryScheduled) return;
    sender.isRetryScheduled = true;
    this.#context.clock.after(ms, () => {
      sender.isRetryScheduled = false;
      if (sender.channel?.isReady && sender.wants(sender.channel.link.history)) this.#context.enqueue(sender);
    });
  }
}
