import { BrokerError } from './broker-error.js';
import { type BrokerOptions, type ResolvedBrokerOptions, resolveBrokerOptions } from './broker-options.js';
import type { Handler } from './groups/delivery.js';
import { Subscription } from './groups/subscription.js';
import { resolveSubscribeOptions, type SubscribeOptions } from './groups/subscription-options.js';
import { BufferPool } from './log/buffer-pool.js';
import { inventoryOfPartition, type StoredMessage } from './log/inventory.js';
import type { OutgoingMessage, Receipt } from './log/message.js';
import type { OnPublishOutcome } from './log/outgoing-frame.js';
import { Producer } from './log/producer.js';
import { checkName, checkPartitions, createTopic, DEFAULT_PARTITIONS, describeTopic } from './log/topic.js';
import { TopicProducer } from './log/topic-producer.js';
import { randomName } from './random.js';
import type { Directory } from './redis/directory.js';
import type { Link } from './redis/link.js';
import { MasterLinks, type OpenMasterLinks } from './redis/master-links.js';
import { credentialsOf, type Network } from './redis/network.js';
import { persist } from './redis/persist.js';
import { redisNetwork } from './redis/redis-network.js';

const POOL_KEEP_BYTES = 32 * 1024 * 1024;

/**
 * A message broker on partitioned Redis Streams.
 *
 * - At least once: an acknowledged message is handled, or becomes a dead letter, or lies in quarantine.
 * - Messages of one key from one broker instance are handled in publish order, one at a time, retries included.
 * - A publish that is sent again is stored once.
 */
export class MessageBroker implements AsyncDisposable {
  readonly #options: ResolvedBrokerOptions;
  readonly #network: Network;
  readonly #directory: Directory;
  readonly #link: Link;
  readonly #producer: Producer;
  readonly #pool = new BufferPool(POOL_KEEP_BYTES);
  readonly #topics = new Map<string, TopicProducer>();
  readonly #opening = new Map<string, Promise<TopicProducer>>();
  readonly #subscriptions = new Set<Subscription>();
  /** Random for each instance. */
  readonly #instance = randomName();
  #messageCount = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedBrokerOptions, network: Network, directory: Directory) {
    this.#options = options;
    this.#network = network;
    this.#directory = directory;
    const { clock, random, onEvent } = options;
    const { host, port } = directory.masters()[0]!;
    const link: Link = network.openLink({
      name: 'publish',
      address: { ...credentialsOf(options.redis), host, port },
      replyTimeoutMs: options.replyTimeoutMs,
      clock,
      random,
      onOpen: () => {
        onEvent({ kind: 'connected', link: link.name, history: link.history });
        this.#producer.onLinkOpen();
      },
      onClosed: (reason) => onEvent({ kind: 'disconnected', link: link.name, reason }),
    });
    this.#link = link;
    this.#producer = new Producer({
      link,
      clock,
      random,
      maxMessageBytes: options.maxMessageBytes,
      maxBufferedBytes: options.maxBufferedBytes,
      publishTimeoutMs: options.publishTimeoutMs,
      whenFull: options.whenFull,
      newMessageId: () => `${this.#instance}-${++this.#messageCount}`,
    });
  }

  /** Connects to Redis. Throws `connection` when that takes longer than `connectTimeoutMs`. */
  static async connect(options: BrokerOptions, network: Network = redisNetwork): Promise<MessageBroker> {
    const resolved = resolveBrokerOptions(options);
    const { redis: endpoint, clock, random, onEvent, connectTimeoutMs } = resolved;
    const directory = network.openDirectory({ endpoint, clock, random, onEvent });
    let broker: MessageBroker | undefined;
    try {
      await directory.ready(connectTimeoutMs);
      const opened = new MessageBroker(resolved, network, directory);
      broker = opened;
      await persist(opened.#link, clock, connectTimeoutMs, () => opened.#link.call('PING'));
      return opened;
    } catch (error) {
      if (broker !== undefined) broker.#link.close();
      await directory[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Creates a topic; an existing one with as many partitions is fine, with another number `topic-mismatch`. */
  async createTopic(topic: string, options: { readonly partitions?: number } = {}): Promise<void> {
    const partitions = options.partitions ?? DEFAULT_PARTITIONS;
    checkName('topic', topic);
    checkPartitions(partitions);
    await this.#persist(() => createTopic(this.#link, topic, partitions));
  }

  /** Resolves when the message is stored. Throws BrokerError: `indeterminate` says that it may be stored or not. */
  publish(topic: string, message: OutgoingMessage): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.publishBatch(topic, [message], (_, outcome) => {
        if (outcome.kind === 'accepted') resolve(outcome.receipt);
        else reject(outcome.error);
      });
    });
  }

  /**
   * Publishes without a promise for each message: `onOutcome` is called exactly once for every one, by its index, from
   * this call or later. Payloads are copied before the call returns, except while the topic is not known yet or the
   * buffer is full: then the array and its payloads must not change until their outcomes.
   */
  publishBatch(topic: string, messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome): void {
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

  /** Joins a consumer group: from here on the log keeps what the group has not settled, and `handler` gets messages. */
  async subscribe(
    topic: string,
    group: string,
    handler: Handler,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    if (this.#closing !== undefined) throw new BrokerError('closed', 'the broker is closed');
    checkName('topic', topic);
    checkName('group', group);
    const resolved = resolveSubscribeOptions(options);
    const partitions = await this.#persist(() => describeTopic(this.#link, topic));
    const { redis, replyTimeoutMs, connectTimeoutMs, clock, random, onEvent } = this.#options;
    const owner = randomName();
    const { host, port } = this.#directory.masters()[0]!;
    const context = {
      topic,
      partitions,
      group,
      owner,
      network: this.#network,
      directory: this.#directory,
      openLinks: this.#openLinks,
      address: { ...credentialsOf(redis), host, port },
      replyTimeoutMs,
      connectTimeoutMs,
      clock,
      random,
      onEvent,
    };
    const subscription = new Subscription({ ...context, options: resolved }, handler);
    this.#subscriptions.add(subscription);
    try {
      await subscription.start();
    } catch (error) {
      this.#subscriptions.delete(subscription);
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  /** Everything that the broker holds of the topic for the group, message by message. */
  async *inventory(topic: string, group: string): AsyncGenerator<StoredMessage> {
    checkName('topic', topic);
    checkName('group', group);
    const partitions = await this.#persist(() => describeTopic(this.#link, topic));
    for (let partition = 0; partition < partitions; partition++) {
      yield* inventoryOfPartition(this.#link, topic, partition, group);
    }
  }

  /** Closes subscriptions, waits until every published message has its outcome, then disconnects. Twice is safe. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await Promise.allSettled(this.#opening.values());
    await this.#producer.drain();
    this.#link.close();
    await this.#directory[Symbol.asyncDispose]();
  }

  readonly #openLinks: OpenMasterLinks = (purpose) => {
    const { redis, replyTimeoutMs, clock, random, onEvent } = this.#options;
    const { openLink } = this.#network;
    const credentials = credentialsOf(redis);
    const directory = this.#directory;
    return new MasterLinks({ directory, openLink, credentials, replyTimeoutMs, clock, random, onEvent, ...purpose });
  };

  async #openTopic(topic: string): Promise<TopicProducer> {
    checkName('topic', topic);
    const partitions = await this.#persist(() => describeTopic(this.#link, topic));
    const { maxFrameBytes, maxFrameMessages, random, onEvent } = this.#options;
    const producer = new TopicProducer(
      {
        topic,
        partitions,
        pool: this.#pool,
        maxFrameBytes,
        maxFrameMessages,
        newProducerId: randomName,
        onLoss: (partition, firstSequence, lastSequence) =>
          onEvent({ kind: 'acknowledged-loss', topic, partition, firstSequence, lastSequence }),
      },
      Math.floor(random() * partitions),
    );
    this.#topics.set(topic, producer);
    this.#producer.add(producer);
    return producer;
  }

  #persist<T>(action: () => Promise<T>): Promise<T> {
    return persist(this.#link, this.#options.clock, this.#options.connectTimeoutMs, action);
  }
}

function rejectAll(messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome, error: BrokerError): void {
  for (let i = 0; i < messages.length; i++) onOutcome(i, { kind: 'rejected', error });
}
