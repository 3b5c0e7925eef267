import { inspect } from 'node:util';
import { BrokerError } from './broker-error.js';
import type { OnBrokerEvent } from './broker-event.js';
import { type Clock, systemClock } from './clock.js';
import { DURABILITIES, type Durability } from './log/message.js';
import { type Random, systemRandom } from './random.js';
import type { RedisEndpoint } from './redis/network.js';

export interface BrokerOptions {
  /** One server, or the Sentinels of one master, or some nodes of a cluster. */
  readonly redis: RedisEndpoint;
  /** What a receipt promises (default `leader`). */
  readonly durability?: Durability;
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
  /** At that bound: publishing waits (default), or is rejected with a BackPressureError. */
  readonly whenFull?: 'wait' | 'reject';
  /** A frame is closed at this size (default 256 KiB) or number of messages (default 1,024). */
  readonly maxFrameBytes?: number;
  readonly maxFrameMessages?: number;
  /** An error that it throws becomes a process warning: it touches no message. */
  readonly onEvent?: OnBrokerEvent;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type ResolvedBrokerOptions = Required<BrokerOptions>;

export function resolveBrokerOptions(options: BrokerOptions): ResolvedBrokerOptions {
  const resolved: ResolvedBrokerOptions = {
    durability: 'leader',
    connectTimeoutMs: 10_000,
    publishTimeoutMs: 10_000,
    replyTimeoutMs: 1_000,
    maxMessageBytes: 1024 * 1024,
    maxBufferedBytes: 64 * 1024 * 1024,
    whenFull: 'wait',
    maxFrameBytes: 256 * 1024,
    maxFrameMessages: 1_024,
    onEvent: () => {},
    clock: systemClock,
    random: systemRandom,
    ...options,
  };
  if (!DURABILITIES.includes(resolved.durability)) {
    const known = DURABILITIES.map((name) => `'${name}'`).join(', ');
    throw new BrokerError(
      'bad-option',
      `durability '${String(resolved.durability)}' is not available; there is ${known}`,
    );
  }
  if (resolved.whenFull !== 'wait' && resolved.whenFull !== 'reject') {
    throw new BrokerError('bad-option', `whenFull '${String(resolved.whenFull)}': 'wait' or 'reject'`);
  }
  for (const name of POSITIVE) {
    if (!(resolved[name] > 0)) throw new BrokerError('bad-option', `${name} ${resolved[name]}: a number above 0`);
  }
  return { ...resolved, onEvent: guarded(resolved.onEvent) };
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

const POSITIVE = [
  'connectTimeoutMs',
  'publishTimeoutMs',
  'replyTimeoutMs',
  'maxMessageBytes',
  'maxBufferedBytes',
  'maxFrameBytes',
  'maxFrameMessages',
] as const;
