import { LaneSender, type LaneSenderOptions } from './lane-sender.js';
import type { OutgoingMessage } from './message.js';
import { partitionOfKey } from './partitioner.js';

/** All partitions of one topic in a producer. */
export class TopicProducer {
  readonly topic: string;
  readonly senders: readonly LaneSender[];
  #sticky: number;

  constructor(options: LaneSenderOptions, partitions: number, firstSticky: number) {
    this.topic = options.topic;
    this.senders = Array.from({ length: partitions }, (_, partition) => new LaneSender(partition, options));
    this.#sticky = firstSticky;
  }

  /** A keyless message with a `dedupeId` goes where others with that id went. */
  senderOf({ key, dedupeId }: OutgoingMessage): LaneSender {
    const name = key ?? dedupeId;
    return this.senders[name === undefined ? this.#sticky : partitionOfKey(name, this.senders.length)]!;
  }

  /**
   * Keyless messages of one tick share a partition, so that they share a frame. The next tick takes the next partition
   * that has nothing in flight and a master that answers, or simply the next.
   */
  nextTick(): void {
    const count = this.senders.length;
    for (let step = 1; step <= count; step++) {
      const candidate = (this.#sticky + step) % count;
      if (this.senders[candidate]!.isReady) {
        this.#sticky = candidate;
        return;
      }
    }
    this.#sticky = (this.#sticky + 1) % count;
  }
}
