import { BrokerError } from './broker-error.js';
import { type BrokerOptions, type ResolvedBrokerOptions, resolveBrokerOptions } from './broker-options.js';
import { GroupOperations } from './group-operations.js';
import type { Handler } from './groups/delivery.js';
import type { DeleteGroupOptions } from './groups/group-deletion.js';
import { Subscription } from './groups/subscription.js';
import { resolveSubscribeOptions, type SubscribeOptions } from './groups/subscription-options.js';
import type { StoredMessage } from './log/inventory.js';
import type { Durability, OutgoingMessage, Receipt } from './log/message.js';
import { guarded, rejectAll } from './log/on-outcome.js';
import type { OnPublishOutcome } from './log/outgoing-frame.js';
import { Producer } from './log/producer.js';
import { checkName, checkPartitions, createTopic, DEFAULT_PARTITIONS, describeTopic } from './log/topic.js';
import type { TopicProducer } from './log/topic-producer.js';
import { randomName } from './random.js';
import type { DeadLetters } from './recovery/dead-letters.js';
import type { AutoRecoveryWorkflow } from './recovery/workflow/auto-recovery-workflow.js';
import type { Recovery } from './recovery/workflow/recovery.js';
import type { AutoRecoveryOptions } from './recovery/workflow/recovery-options.js';
import { topicConfirmations } from './redis/confirmations.js';
import type { Link } from './redis/link.js';
import type { MasterLinks } from './redis/master-links.js';
import type { Network } from './redis/network.js';
import { persistOn } from './redis/persist.js';
import { redisNetwork } from './redis/redis-network.js';
import { slotOf } from './redis/slot.js';
import type { AutoscaleOptions } from './scaling/autoscale-options.js';
import type { Autoscaler } from './scaling/autoscaler.js';
import { Topology } from './topology.js';

/**
 * A message broker on partitioned Redis Streams.
 *
 * - At least once: an acknowledged message is handled, or becomes a dead letter, or lies in quarantine.
 * - Messages of one key from one broker instance are handled in publish order, one at a time, retries included.
 * - A publish that is sent again is stored once.
 */
export class MessageBroker implements AsyncDisposable {
  readonly #options: ResolvedBrokerOptions;
  readonly #topology: Topology;
  readonly #durability: Durability;
  /** For topics and inventories. */
  readonly #links: MasterLinks;
  readonly #producer: Producer;
  readonly #topics = new Map<string, TopicProducer>();
  readonly #opening = new Map<string, Promise<TopicProducer>>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #groups: GroupOperations;
  /** Random for each instance. */
  readonly #instance = randomName();
  #messageCount = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedBrokerOptions, topology: Topology) {
    this.#options = options;
    this.#topology = topology;
    this.#durability = topology.durability;
    const { directory, openLinks } = topology;
    this.#links = openLinks({ purpose: 'control' });
    this.#producer = new Producer({
      ...options,
      durability: this.#durability,
      directory,
      openLinks,
      newMessageId: () => `${this.#instance}-${++this.#messageCount}`,
    });
    this.#groups = new GroupOperations({
      options,
      topology,
      partitionsFor: (topic, group) => this.#partitionsFor(topic, group),
      on: (slot, action) => this.#on(slot, action),
    });
    topology.failover.register({ duty: 'replay', isCaughtUp: (master) => this.#producer.isCaughtUp(master) });
  }

  /**
   * Finds the masters, and checks that their version and settings can keep what the durability promises. Throws BrokerError:
   * `connection` when that takes longer than `connectTimeoutMs`, at once where waiting would not help.
   */
  static async connect(options: BrokerOptions, network: Network = redisNetwork): Promise<MessageBroker> {
    const resolved = resolveBrokerOptions(options);
    return new MessageBroker(resolved, await Topology.open(resolved, network));
  }

  /**
   * Creates a topic; an existing one with as many partitions is fine, with another number `topic-mismatch`. In `leader`, and
   * with `degrade`, it waits for no replica: a failover right after it may take the topic away.
   */
  async createTopic(topic: string, options: { readonly partitions?: number } = {}): Promise<void> {
    const partitions = options.partitions ?? DEFAULT_PARTITIONS;
    checkName('topic', topic);
    checkPartitions(partitions);
    const { onReplicaLoss, replyTimeoutMs } = this.#options;
    const waitMs = Math.ceil(replyTimeoutMs / 2);
    const replicas = () => topicConfirmations(this.#topology.directory, slotOf(topic), this.#durability, onReplicaLoss);
    await this.#onTopic(topic, (link) => createTopic(link, topic, partitions, { replicas: replicas(), waitMs }));
  }

  /** Resolves when the message is stored. Throws BrokerError: `indeterminate` says that it may be stored or not. */
  publish(topic: string, message: OutgoingMessage): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.#publish(topic, [message], (_, outcome) => {
        if (outcome.kind === 'accepted') resolve(outcome.receipt);
        else reject(outcome.error);
      });
    });
  }

  /**
   * Publishes without a promise for each message: `onOutcome` is called exactly once for every one, by its index, from
   * this call or later. Payloads are copied before the call returns, except while the topic is not known yet or the
   * buffer is full: then the array and its payloads must not change until their outcomes. An error that `onOutcome` throws
   * becomes a process warning: it touches no message. Throws `bad-option` where `messages` is no array, of which nobody
   * could tell whose outcomes these are.
   */
  publishBatch(topic: string, messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome): void {
    if (!Array.isArray(messages))
      throw new BrokerError('bad-option', `messages: an array is needed, not ${typeof messages}`);
    this.#publish(topic, messages, guarded(onOutcome));
  }

  /** Looks up an existing topic, so that the first publish need not. Throws `topic-missing`. */
  async openTopic(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return;
    let opening = this.#opening.get(topic);
    if (opening === undefined) {
      opening = this.#openTopic(topic).finally(() => this.#opening.delete(topic));
      this.#opening.set(topic, opening);
    }
    await opening;
  }

  /** A promise while the producer's buffer is full, `undefined` while it is not. */
  capacity(): Promise<void> | undefined {
    return this.#producer.capacity();
  }

  /** Bytes of messages that wait for their acknowledgement. */
  get bufferedBytes(): number {
    return this.#producer.bufferedBytes;
  }

  /** How many `acknowledged-loss` events there were: 0 where nothing that this broker was told is stored is known to be lost. */
  get acknowledgedLosses(): number {
    return this.#producer.acknowledgedLosses;
  }

  /**
   * Joins a consumer group: from here on the log keeps what the group has not settled, and `handler` gets messages. Throws
   * BrokerError; where that leaves the group registered on some partitions, it names them and the remedy.
   */
  async subscribe(
    topic: string,
    group: string,
    handler: Handler,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    const resolved = resolveSubscribeOptions(options);
    const partitions = await this.#partitionsFor(topic, group);
    const { onReplicaLoss, random } = this.#options;
    const { directory, openLinks, failover } = this.#topology;
    const owner = randomName(random);
    let unregister = () => {};
    const onClosed = () => {
      this.#subscriptions.delete(subscription);
      unregister();
    };
    const context = {
      ...this.#options,
      topic,
      partitions,
      group,
      owner,
      directory,
      policy: { durability: this.#durability, onReplicaLoss },
      openLinks,
      onClosed,
    };
    const subscription: Subscription = new Subscription({ ...context, options: resolved }, handler);
    this.#subscriptions.add(subscription);
    try {
      await subscription.start();
    } catch (error) {
      await subscription.close();
      throw error;
    }
    if (this.#subscriptions.has(subscription)) {
      unregister = failover.register({ duty: 'reacquire', isCaughtUp: (master) => subscription.isCaughtUp(master) });
    }
    return subscription;
  }

  /**
   * Deletes a consumer group: the log no longer keeps what it has not settled. Throws `group-in-use` while a member is alive,
   * unless `force` is given. To tell a dead owner from a living one takes the duration of its lease.
   */
  async deleteGroup(topic: string, group: string, options: DeleteGroupOptions = {}): Promise<void> {
    await this.#groups.delete(topic, group, options);
  }

  /** What the group has given up: dead letters and quarantine. Throws `topic-missing`. */
  deadLetters(topic: string, group: string): Promise<DeadLetters> {
    return this.#groups.deadLetters(topic, group);
  }

  /**
   * Has the scaler keep as many members as the group's load needs, by what they report; this broker need not be one of them.
   * One autoscaler a group. Throws BrokerError: `bad-option`, `topic-missing`.
   */
  autoscale(topic: string, group: string, options: AutoscaleOptions): Promise<Autoscaler> {
    return this.#groups.autoscale(topic, group, options);
  }

  /**
   * Carries playbooks out for the group while this broker is open; any number of processes may, one of them leads. Throws
   * BrokerError: `bad-option`, `topic-missing`.
   */
  autoRecover(topic: string, group: string, options: AutoRecoveryOptions = {}): Promise<AutoRecoveryWorkflow> {
    return this.#groups.autoRecover(topic, group, options);
  }

  /** What playbooks do for the group, and the switch that stops them. Throws `topic-missing`. */
  recovery(topic: string, group: string): Promise<Recovery> {
    return this.#groups.recovery(topic, group);
  }

  /** Everything that the broker holds of the topic for the group, message by message. */
  inventory(topic: string, group: string): AsyncGenerator<StoredMessage> {
    return this.#groups.inventory(topic, group);
  }

  /** Ends redrives after the batch under way, closes subscriptions, waits until every published message has its outcome, then disconnects. Twice is safe. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([this.#groups, ...this.#subscriptions].map((part) => part.close()));
    await Promise.allSettled(this.#opening.values());
    await this.#producer.drain();
    this.#producer.close();
    this.#links.close();
    await this.#topology[Symbol.asyncDispose]();
  }

  #publish(topic: string, messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome): void {
    if (this.#closing !== undefined) {
      rejectAll(messages, onOutcome, new BrokerError('closed', 'the broker is closed: the message is not stored'));
      return;
    }
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      this.#producer.publish(known, messages, onOutcome);
      return;
    }
    this.openTopic(topic).then(
      () => this.#producer.publish(this.#topics.get(topic)!, messages, onOutcome),
      (error: BrokerError) => rejectAll(messages, onOutcome, error),
    );
  }

  async #openTopic(topic: string): Promise<TopicProducer> {
    checkName('topic', topic);
    const partitions = await this.#onTopic(topic, (link) => describeTopic(link, topic));
    const producer = this.#producer.openTopic(topic, partitions);
    this.#topics.set(topic, producer);
    return producer;
  }

  /** Of the topic. Throws `closed` also where the broker closes meanwhile: it would not know of what begins next. */
  async #partitionsFor(topic: string, group: string): Promise<number> {
    const refuseIfClosed = () => {
      if (this.#closing !== undefined) throw new BrokerError('closed', 'the broker is closed');
    };
    refuseIfClosed();
    checkName('topic', topic);
    checkName('group', group);
    const partitions = await this.#onTopic(topic, (link) => describeTopic(link, topic));
    refuseIfClosed();
    return partitions;
  }

  #onTopic<T>(topic: string, action: (link: Link) => Promise<T>): Promise<T> {
    return this.#on(slotOf(topic), action);
  }

  #on<T>(slot: number, action: (link: Link) => Promise<T>): Promise<T> {
    return persistOn(this.#links, slot, this.#options.clock, this.#options.connectTimeoutMs, action);
  }
}
