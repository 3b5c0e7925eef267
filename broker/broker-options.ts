import { inspect } from 'node:util';
import { BrokerError } from './broker-error.js';
import type { BrokerEvent, OnBrokerEvent } from './broker-event.js';
import { type Clock, MAX_TIMER_MS, systemClock } from './clock.js';
import { DURABILITIES, type Durability, type OnReplicaLoss, REPLICA_LOSS_POLICIES } from './log/message.js';
import { type Random, systemRandom } from './random.js';
import type { RedisEndpoint } from './redis/network.js';

export interface BrokerOptions {
  /** One server, or the Sentinels of one master, or some nodes of a cluster. */
  readonly redis: RedisEndpoint;
  /** What a receipt promises (default: `replicated` where a master has replicas when the broker connects, else `leader`). */
  readonly durability?: Durability;
  /** What `replicated` and `fsync` do while a replica is missing (default `survivors`). */
  readonly onReplicaLoss?: OnReplicaLoss;
  /** Longest wait for the first connection, for a topic, and for the partitions of a subscription (default 10,000). */
  readonly connectTimeoutMs?: number;
  /** From the call of publish to an outcome (default 10,000). Until then what failed without an answer is sent again. */
  readonly publishTimeoutMs?: number;
  /** Without a reply for this long a connection is given up and opened anew (default 1,000). */
  readonly replyTimeoutMs?: number;
  /** Largest message, encoded (default 1 MiB). */
  readonly maxMessageBytes?: number;
  /** Bytes that wait for their acknowledgement (default 64 MiB). */
  readonly maxBufferedBytes?: number;
  /**
   * Memory for acknowledged messages that can be sent again if Redis loses them (default 64 MiB): those that the replicas
   * have not confirmed, at the bound of which publishing is held back, and what room they leave for the last 30 s of the rest.
   */
  readonly maxReplayBytes?: number;
  /** Bytes of messages that the log of one partition holds (default 1 GiB): above it publishing is held back. */
  readonly maxLogBytes?: number;
  /**
   * For how long a `dedupeId` is remembered (default 5 min), by the server's clock, in steps of a quarter. The same for all
   * producers of a topic: different windows do not see each other.
   */
  readonly dedupeWindowMs?: number;
  /** How many of them a partition remembers at most (default 1,000,000): above it publishing with one is held back. */
  readonly maxDedupeIds?: number;
  /**
   * At these bounds: publishing waits until its deadline (default), or is rejected with a BackPressureError. What waits is not
   * copied and not bounded: publish no faster than `capacity()` allows, or choose `reject`.
   */
  readonly whenFull?: 'wait' | 'reject';
  /** A frame is closed at this size (default 256 KiB) or number of messages (default 1,024, at most 4,096). */
  readonly maxFrameBytes?: number;
  readonly maxFrameMessages?: number;
  /**
   * An error that it throws becomes a process warning: it touches no message. Without it each `acknowledged-loss` becomes
   * a process warning, and nothing else is told.
   */
  readonly onEvent?: OnBrokerEvent;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type ResolvedBrokerOptions = Required<Omit<BrokerOptions, 'durability'>> & {
  /** Undefined: as many replicas as there are when the broker connects decide. */
  readonly durability: Durability | undefined;
};

export function resolveBrokerOptions(options: BrokerOptions): ResolvedBrokerOptions {
  const resolved: ResolvedBrokerOptions = {
    durability: undefined,
    onReplicaLoss: 'survivors',
    connectTimeoutMs: 10_000,
    publishTimeoutMs: 10_000,
    replyTimeoutMs: 1_000,
    maxMessageBytes: 1024 * 1024,
    maxBufferedBytes: 64 * 1024 * 1024,
    maxReplayBytes: 64 * 1024 * 1024,
    maxLogBytes: 1024 * 1024 * 1024,
    dedupeWindowMs: 300_000,
    maxDedupeIds: 1_000_000,
    whenFull: 'wait',
    maxFrameBytes: 256 * 1024,
    maxFrameMessages: 1_024,
    onEvent: warnOfLoss,
    clock: systemClock,
    random: systemRandom,
    ...options,
  };
  if (resolved.durability !== undefined) check('durability', resolved.durability, DURABILITIES);
  check('onReplicaLoss', resolved.onReplicaLoss, REPLICA_LOSS_POLICIES);
  check('whenFull', resolved.whenFull, ['wait', 'reject']);
  for (const name of POSITIVE) {
    if (!(resolved[name] > 0)) throw new BrokerError('bad-option', `${name} ${resolved[name]}: a number above 0`);
  }
  for (const name of TIMEOUTS) {
    if (resolved[name] <= MAX_TIMER_MS) continue;
    throw new BrokerError('bad-option', `${name} ${resolved[name]}: at most ${MAX_TIMER_MS}`);
  }
  const { maxLogBytes, maxFrameBytes, maxMessageBytes, maxFrameMessages } = resolved;
  if (maxFrameMessages > MAX_FRAME_MESSAGES) {
    throw new BrokerError('bad-option', `maxFrameMessages ${maxFrameMessages}: at most ${MAX_FRAME_MESSAGES}`);
  }
  if (maxLogBytes < Math.max(maxFrameBytes, maxMessageBytes)) {
    throw new BrokerError('bad-option', `maxLogBytes ${maxLogBytes}: at least maxFrameBytes and maxMessageBytes`);
  }
  return { ...resolved, onEvent: guarded(resolved.onEvent) };
}

function check(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  const choices = known.map((choice) => `'${choice}'`).join(', ');
  throw new BrokerError('bad-option', `${name} '${value}' is not available; there is ${choices}`);
}

/** Who listens to nothing hears of that all the same. */
function warnOfLoss(event: BrokerEvent): void {
  if (event.kind !== 'acknowledged-loss') return;
  const { topic, partition, firstSequence, lastSequence } = event;
  const range = `messages ${firstSequence} to ${lastSequence} of this producer`;
  const text = `topic '${topic}', partition ${partition}: Redis has lost what it had acknowledged, and it is not kept any more: ${range}`;
  process.emitWarning(`${text}; a larger maxReplayBytes keeps more`, 'BrokerWarning');
}

function guarded(onEvent: OnBrokerEvent): OnBrokerEvent {
  return (event) => {
    try {
      onEvent(event);
    } catch (error) {
      process.emitWarning(`onEvent failed on '${event.kind}': ${inspect(error)}`, 'BrokerWarning');
    }
  };
}

const TIMEOUTS = ['connectTimeoutMs', 'publishTimeoutMs', 'replyTimeoutMs', 'dedupeWindowMs'] as const;
/** Each message's `dedupeId` is a place on Lua's stack, which has 8,000. */
const MAX_FRAME_MESSAGES = 4_096;

const POSITIVE = [
  'connectTimeoutMs',
  'publishTimeoutMs',
  'replyTimeoutMs',
  'maxMessageBytes',
  'maxBufferedBytes',
  'maxReplayBytes',
  'maxLogBytes',
  'dedupeWindowMs',
  'maxDedupeIds',
  'maxFrameBytes',
  'maxFrameMessages',
] as const;
