import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import type { MasterLinks, OpenMasterLinks } from '../redis/master-links.js';
import { Confirmer } from './confirmer.js';
import type { LaneSender } from './lane-sender.js';
import type { Durability, OnReplicaLoss } from './message.js';
import { type ChannelContext, PublishChannel } from './publish-channel.js';
import type { ReplayBuffer } from './replay-buffer.js';
import { ReplicaNeed } from './replica-need.js';
import { RowKeeper } from './row-keeper.js';
import type { TopicProducer } from './topic-producer.js';

export interface LaneDispatcherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly openLinks: OpenMasterLinks;
  readonly durability: Durability;
  readonly onReplicaLoss: OnReplicaLoss;
  readonly replyTimeoutMs: number;
  readonly whenFull: 'wait' | 'reject';
  readonly replay: ReplayBuffer;
  readonly onEvent: OnBrokerEvent;
  /** Messages of so many bytes have their outcome; 0: what replicas have confirmed has made room. */
  onFreed(bytes: number): void;
}

/** Of the link's reply timeout: a WAIT has to come back before its link is taken for dead. */
const WAIT_SHARE = 0.6;

/** Brings the lanes of all topics to the links of their partitions' masters, wherever these are at the time. */
export class LaneDispatcher {
  readonly #options: LaneDispatcherOptions;
  readonly #links: MasterLinks;
  readonly #need: ReplicaNeed;
  readonly #confirmer: Confirmer;
  readonly #keeper: RowKeeper;
  readonly #context: ChannelContext;
  readonly #channels = new Map<Link, PublishChannel>();
  readonly #topics: TopicProducer[] = [];
  readonly #stopListening: () => void;
  #flushScheduled = false;

  constructor(options: LaneDispatcherOptions) {
    this.#options = options;
    const { clock, random, directory, durability, onReplicaLoss, onEvent, replay, whenFull } = options;
    const waitMs = Math.ceil(options.replyTimeoutMs * WAIT_SHARE);
    this.#links = options.openLinks({
      purpose: 'publish',
      onOpen: (link, master) => this.#onOpen(link, master),
    });
    this.#need = new ReplicaNeed({ durability, onReplicaLoss, directory, onEvent });
    const senders = () => this.#senders();
    this.#confirmer = new Confirmer({
      clock,
      directory,
      need: this.#need,
      replay,
      waitMs,
      senders,
      linkOf: (slot) => this.#links.of(slot, 'confirm'),
      onConfirmed: () => options.onFreed(0),
      onDoubt: (master, reason) => this.#onDoubt(master, reason),
    });
    this.#keeper = new RowKeeper(clock, senders);
    this.#keeper.start();
    this.#context = {
      clock,
      random,
      directory,
      durability,
      need: this.#need,
      waitMs,
      whenFull,
      onSettled: (sender) => this.#onSettled(sender),
      enqueue: (sender) => this.enqueue(sender),
      onFree: () => this.#scheduleFlush(),
    };
    this.#stopListening = directory.onChange(() => this.#onDirectoryChange());
  }

  add(topic: TopicProducer): void {
    this.#topics.push(topic);
    for (const sender of topic.senders) this.#route(sender);
  }

  /** The lane has something to send: it leaves in the next turn, or as soon as its link allows. */
  enqueue(sender: LaneSender): void {
    if (sender.channel === undefined || sender.channel.link.isEnded) this.#route(sender);
    sender.channel?.enqueue(sender);
    if (sender.channel?.canFlush) this.#scheduleFlush();
  }

  /** Answers what is past its deadline. */
  expire(nowMs: number): void {
    for (const sender of this.#senders()) {
      const { lane } = sender;
      if (lane.isIdle) continue;
      lane.expire(nowMs);
      sender.stopWaiting();
      if (sender.awaits === 'nothing' && lane.hasWork) this.enqueue(sender);
      this.#options.onFreed(lane.takeFreedBytes());
    }
  }

  /** Every lane whose partition this master has was compared with it, and has sent again what was missing. */
  isCaughtUp(master: Master): boolean {
    for (const { lane, slot, channel } of this.#senders()) {
      if (!lane.identity.isUsed || this.#options.directory.masterOf(slot)?.id !== master.id) continue;
      const isCompared = channel?.master.id === master.id && channel.isReady && channel.link.history === lane.history;
      if (!isCompared || lane.isReplaying) return false;
    }
    return true;
  }

  /** Asks the replicas at once about what they have not confirmed. */
  confirm(): void {
    this.#confirmer.round();
  }

  close(): void {
    this.#stopListening();
    this.#confirmer.stop();
    this.#keeper.stop();
    this.#links.close();
  }

  *#senders(): Generator<LaneSender> {
    for (const topic of this.#topics) yield* topic.senders;
  }

  /** Finds the link to the partition's present master. */
  #route(sender: LaneSender): void {
    const master = this.#options.directory.masterOf(sender.slot);
    const link = master === undefined ? undefined : this.#links.of(sender.slot, sender.stream);
    const channel = master === undefined || link === undefined ? undefined : this.#channelOf(link, master);
    if (sender.channel === channel) return;
    sender.channel = channel;
    sender.isQueued = false;
  }

  #channelOf(link: Link, master: Master): PublishChannel {
    let channel = this.#channels.get(link);
    if (channel === undefined) {
      channel = new PublishChannel(link, master, this.#context);
      this.#channels.set(link, channel);
      if (link.isOpen) this.#onOpen(link, master);
    }
    return channel;
  }

  #onOpen(link: Link, master: Master): void {
    const channel = this.#channels.get(link);
    if (channel === undefined) return;
    channel.master = master;
    channel.open(() => {
      for (const sender of this.#senders()) {
        if (sender.channel !== channel) continue;
        sender.retryAtMs = 0;
        if (sender.wants(link.history)) this.enqueue(sender);
      }
    });
  }

  #onDirectoryChange(): void {
    for (const link of [...this.#channels.keys()]) if (link.isEnded) this.#channels.delete(link);
    for (const sender of this.#senders()) {
      this.#route(sender);
      if (sender.channel?.isReady && sender.wants(sender.channel.link.history)) this.enqueue(sender);
    }
  }

  #onDoubt(master: Master, reason: string): void {
    for (const { lane, channel } of this.#senders()) if (channel?.master.id === master.id) lane.doubt();
    this.#links.reset(reason, master.id);
  }

  #onSettled(sender: LaneSender): void {
    this.#options.onFreed(sender.lane.takeFreedBytes());
    const { channel } = sender;
    if (sender.lane.hasWork || (channel?.isReady && sender.wants(channel.link.history))) this.enqueue(sender);
    else if (channel?.canFlush) this.#scheduleFlush();
    this.#confirmer.arm();
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#options.clock.soon(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const nowMs = this.#options.clock.nowMs();
    for (const topic of this.#topics) topic.nextTick();
    for (const channel of this.#channels.values()) if (channel.canFlush) channel.flush(nowMs);
    this.#options.replay.trim(nowMs);
  };
}
