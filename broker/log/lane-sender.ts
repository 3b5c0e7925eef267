import { slotOf } from '../redis/slot.js';
import type { BufferPool } from './buffer-pool.js';
import { type PartitionKeys, partitionKeys } from './keys.js';
import type { Durability } from './message.js';
import type { OutgoingFrame } from './outgoing-frame.js';
import { PartitionLane } from './partition-lane.js';
import type { PublishChannel } from './publish-channel.js';
import {
  type DedupeWindow,
  PUBLISH_HEADER_BYTES,
  type PublishPrefix,
  publishPrefix,
  withDedupe,
  wrapPublish,
} from './publish-script.js';
import { Receipts } from './receipts.js';
import type { ReplayBuffer } from './replay-buffer.js';

export interface LaneSenderOptions {
  readonly topic: string;
  readonly durability: Durability;
  /** Links to one master over which the partitions are spread. */
  readonly streams: number;
  readonly pool: BufferPool;
  readonly replay: ReplayBuffer;
  readonly maxFrameBytes: number;
  readonly maxFrameMessages: number;
  readonly maxLogBytes: number;
  readonly dedupe: DedupeWindow;
  newProducerId(): string;
  onLoss(partition: number, firstSequence: number, lastSequence: number): void;
}

/** Rows of producers are removed after 24 h without a frame; half of that is far from it. */
const IDLE_ID_MS = 12 * 3_600_000;

/** One partition of a topic in a producer: its lane, where it leads, and what its commands begin with. */
export class LaneSender {
  readonly lane: PartitionLane;
  readonly slot: number;
  /** In the modes that WAIT, a link is blocked for a round trip to the replicas: the partitions are spread over several. */
  readonly stream: number;
  readonly keys: PartitionKeys;
  readonly #options: LaneSenderOptions;
  #prefix: PublishPrefix | undefined;
  #prefixOf = '';
  /** To the partition's present master; undefined while nobody is named. */
  channel: PublishChannel | undefined;
  /** Waits in the channel's list of lanes that are flushed next. */
  isQueued = false;
  /** A command of the lane has no answer yet. */
  awaits: 'nothing' | 'answer' | 'comparison' = 'nothing';
  /** Numbers the attempts: an answer to an earlier one says nothing any more. */
  attempt = 0;
  /** Not before this (monotonic): the last attempt was refused. */
  retryAtMs = 0;
  refusals = 0;
  isRetryScheduled = false;

  constructor(partition: number, options: LaneSenderOptions) {
    const { topic, pool, replay, maxFrameBytes, maxFrameMessages, durability, maxLogBytes, newProducerId } = options;
    this.#options = options;
    this.slot = slotOf(topic, partition);
    this.stream = partition % options.streams;
    this.keys = partitionKeys(topic, partition);
    const longest = publishPrefix(this.keys, newProducerId(), maxLogBytes).deduplicated;
    this.lane = new PartitionLane({
      pool,
      replay,
      maxFrameBytes,
      maxFrameMessages,
      headRoomBytes: longest.length + PUBLISH_HEADER_BYTES,
      receipts: new Receipts(partition, durability),
      idleIdMs: IDLE_ID_MS,
      newProducerId,
      onLoss: (first, last) => options.onLoss(partition, first, last),
    });
  }

  /** The lane is free, and what is published now leaves at once. */
  get isReady(): boolean {
    return this.lane.isIdle && this.channel?.isReady === true && this.awaits === 'nothing';
  }

  /** A command is about to be sent. Returns the number of the attempt. */
  await(what: 'answer' | 'comparison'): number {
    this.awaits = what;
    return ++this.attempt;
  }

  answered(): void {
    this.awaits = 'nothing';
  }

  /** The frame that was sent is given up: the next need not wait for its answer. */
  stopWaiting(): void {
    if (this.awaits !== 'answer' || this.lane.isSending) return;
    this.awaits = 'nothing';
    this.attempt++;
  }

  /** Something has to be sent, or compared with a server of this history. */
  wants(history: string): boolean {
    return this.lane.hasWork || this.lane.needsComparison(history);
  }

  /** The command that stores `frame`, in wire format. */
  encode(frame: OutgoingFrame): Buffer {
    const { buffer, start, end, first, last, dedupe } = frame;
    const prefix = this.#prefixNow();
    if (dedupe === undefined) return wrapPublish(buffer, start, end, prefix.plain, this.lane.stored, first, last);
    const command = wrapPublish(buffer, start, end, prefix.deduplicated, this.lane.stored, first, last);
    return withDedupe(command, dedupe, this.#options.dedupe);
  }

  #prefixNow(): PublishPrefix {
    const id = this.lane.producerId;
    if (this.#prefix === undefined || this.#prefixOf !== id) {
      this.#prefix = publishPrefix(this.keys, id, this.#options.maxLogBytes);
      this.#prefixOf = id;
    }
    return this.#prefix;
  }
}
