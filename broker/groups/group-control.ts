import type { Clock } from '../clock.js';
import type { OnReplicaLoss } from '../log/message.js';
import type { Random } from '../random.js';
import type { Link } from '../redis/link.js';
import type { MasterLinks } from '../redis/master-links.js';
import { persistOn } from '../redis/persist.js';
import { slotOf } from '../redis/slot.js';
import type { Topology } from '../topology.js';
import { replicasOf } from './ownership.js';

/** What is done to a group from outside: with links of its own, since WAIT blocks them. */
export interface GroupControl extends Disposable {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly links: MasterLinks;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  /** Longest wait for the replicas at a time. */
  readonly waitMs: number;
  /** How many replicas have to confirm what is changed. */
  replicasOf(slot: number): number;
  /** Performs it with the master of the topic by then: see {@link persistOn}. */
  onTopic<T>(action: (link: Link) => Promise<T>): Promise<T>;
  /** The same with the master of one of its partitions. */
  onPartition<T>(partition: number, action: (link: Link) => Promise<T>): Promise<T>;
}

export interface GroupControlOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  /** Names the links. */
  readonly purpose: string;
  readonly topology: Topology;
  readonly onReplicaLoss: OnReplicaLoss;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
}

export function openGroupControl(options: GroupControlOptions): GroupControl {
  const { topic, partitions, group, purpose, topology, onReplicaLoss, clock, random } = options;
  const { connectTimeoutMs, replyTimeoutMs } = options;
  const { directory, openLinks, durability } = topology;
  const waitMs = Math.ceil(replyTimeoutMs / 2);
  const links = openLinks({ purpose, replyTimeoutMs: replyTimeoutMs + waitMs });
  return {
    topic,
    partitions,
    group,
    links,
    clock,
    random,
    connectTimeoutMs,
    waitMs,
    replicasOf: (slot) => replicasOf(directory, slot, { durability, onReplicaLoss }),
    onTopic: (action) => persistOn(links, slotOf(topic), clock, connectTimeoutMs, action),
    onPartition: (partition, action) => persistOn(links, slotOf(topic, partition), clock, connectTimeoutMs, action),
    [Symbol.dispose]: () => links.close(),
  };
}
