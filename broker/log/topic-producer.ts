import type { BufferPool } from './buffer-pool.js';
import { type PartitionKeys, partitionKeys } from './keys.js';
import type { PublishOutcome } from './outgoing-frame.js';
import { PartitionLane } from './partition-lane.js';
import { partitionOfKey } from './partitioner.js';
import { PUBLISH_HEADER_BYTES, publishPrefix } from './publish-script.js';

export interface TopicProducerOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly pool: BufferPool;
  readonly maxFrameBytes: number;
  readonly maxFrameMessages: number;
  newProducerId(): string;
  onLoss(partition: number, firstSequence: number, lastSequence: number): void;
}

/** Rows of producers are removed after 24 h without a frame; half of that is far from it. */
const IDLE_ID_MS = 12 * 3_600_000;

/** One partition of a topic in a producer: its queue, and what its commands begin with. */
export class LaneSender {
  readonly lane: PartitionLane;
  readonly #keys: PartitionKeys;
  #prefix = '';
  #prefixOf = '';
  /** Waits in the list of lanes that are flushed next. */
  isQueued = false;
  /** Not before this (monotonic): the last attempt was refused. */
  retryAtMs = 0;
  refusals = 0;
  /** The frame in flight has to be sent again. */
  needsResend = false;

  constructor(partition: number, options: TopicProducerOptions) {
    this.#keys = partitionKeys(options.topic, partition);
    const accepted: PublishOutcome = {
      kind: 'accepted',
      receipt: Object.freeze({ partition, durability: 'leader', replicas: 0 } as const),
    };
    const id = options.newProducerId();
    this.lane = new PartitionLane({
      pool: options.pool,
      maxFrameBytes: options.maxFrameBytes,
      maxFrameMessages: options.maxFrameMessages,
      headRoomBytes: publishPrefix(this.#keys, id).length + PUBLISH_HEADER_BYTES,
      idleIdMs: IDLE_ID_MS,
      accepted,
      newProducerId: options.newProducerId,
      onLoss: (first, last) => options.onLoss(partition, first, last),
    });
  }

  get prefix(): string {
    const id = this.lane.producerId;
    if (this.#prefixOf !== id) {
      this.#prefix = publishPrefix(this.#keys, id);
      this.#prefixOf = id;
    }
    return this.#prefix;
  }
}

/** All partitions of one topic in a producer. */
export class TopicProducer {
  readonly topic: string;
  readonly senders: readonly LaneSender[];
  #sticky: number;

  constructor(options: TopicProducerOptions, firstSticky: number) {
    this.topic = options.topic;
    this.senders = Array.from({ length: options.partitions }, (_, partition) => new LaneSender(partition, options));
    this.#sticky = firstSticky;
  }

  senderOf(key: string | undefined): LaneSender {
    return this.senders[key === undefined ? this.#sticky : partitionOfKey(key, this.senders.length)]!;
  }

  /**
   * Keyless messages of one tick share a partition, so that they share a frame. The next tick takes the next partition
   * that has nothing in flight, or simply the next.
   */
  nextTick(): void {
    const count = this.senders.length;
    for (let step = 1; step <= count; step++) {
      const candidate = (this.#sticky + step) % count;
      if (this.senders[candidate]!.lane.isIdle) {
        this.#sticky = candidate;
        return;
      }
    }
    this.#sticky = (this.#sticky + 1) % count;
  }
}
