import { BrokerError } from '../broker-error.js';
import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import type { Reply } from '../redis/wire-command.js';
import { topicKey } from './keys.js';

const createScript = new Script(new URL('./create-topic.lua', import.meta.url));

export const DEFAULT_PARTITIONS = 16;
const MAX_PARTITIONS = 1024;

/** Topic and group names become part of keys; braces would break the hash tag. */
const NAME = /^[\w.:-]{1,128}$/;

export function checkName(kind: 'topic' | 'group' | 'member', name: string): void {
  if (NAME.test(name)) return;
  throw new BrokerError('bad-option', `${kind} '${name}': 1 to 128 letters, digits, or any of _ . : -`);
}

export function checkPartitions(partitions: number): void {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= MAX_PARTITIONS) return;
  throw new BrokerError('bad-option', `partitions ${partitions}: a whole number from 1 to ${MAX_PARTITIONS}`);
}

/**
 * See create-topic.lua. Throws `topic-mismatch` where the topic has another number of partitions, and `connection` where
 * fewer than `replicas` hold it after `waitMs`.
 */
export async function createTopic(
  link: Link,
  topic: string,
  partitions: number,
  { replicas, waitMs }: { readonly replicas: number; readonly waitMs: number },
): Promise<void> {
  // Whole and in one write: what is sent again for an unknown digest would come behind its WAIT.
  const replies: Promise<Reply>[] = [];
  link.corked(() => {
    replies.push(link.call('EVAL', createScript.source, 1, topicKey(topic), partitions));
    if (replicas > 0) replies.push(link.call('WAIT', replicas, waitMs));
  });
  const [existing, confirmed = 0] = await Promise.all(replies);
  if (existing !== partitions) {
    const text = `topic '${topic}' has ${String(existing)} partitions, asked for ${partitions}; the number never changes: ask for that many, or take another topic`;
    throw new BrokerError('topic-mismatch', text);
  }
  if (Number(confirmed) < replicas) {
    throw new BrokerError(
      'connection',
      `topic '${topic}': ${String(confirmed)} of ${replicas} replicas have confirmed it`,
    );
  }
}

/** Number of partitions of an existing topic. Throws `topic-missing`. */
export async function describeTopic(link: Link, topic: string): Promise<number> {
  const partitions = await link.call('HGET', topicKey(topic), 'partitions');
  if (partitions !== null) return Number(partitions);
  throw new BrokerError('topic-missing', `topic '${topic}' does not exist; createTopic makes it`);
}
