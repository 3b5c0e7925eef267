import type { Durability } from '../../broker/index.js';

/** A way to send messages from one process to another and have them acknowledged: what benchmarks compare. */
export interface BenchClient {
  /** Creates the topic, streams or queue, once. */
  prepare(topic: string): Promise<void>;
  producer(topic: string): Promise<BenchProducer>;
  /** Calls `onMessage` for every payload, then acknowledges. Resolves when it can receive. */
  consumer(topic: string, onMessage: (payload: Buffer) => void): Promise<BenchConsumer>;
  /** Messages that are stored and not acknowledged: asked when everything was handled and the consumer is closed. */
  leftovers(topic: string): Promise<number>;
}

export interface BenchProducer {
  /** Sends all messages of one tick; `onStored` is called once for each when its storage is confirmed. */
  send(payloads: readonly Buffer[], onStored: () => void): void;
  close(): Promise<void>;
}

export interface BenchConsumer {
  /** Resolves when everything handled is acknowledged. */
  close(): Promise<void>;
}

/** Where a client connects to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Replicas of that Redis. */
  readonly replicas?: number;
  /** It is the first of these nodes of a Redis Cluster. */
  readonly cluster?: readonly { readonly host: string; readonly port: number }[];
}

export interface BrokerSpec {
  readonly kind: 'broker';
  readonly partitions: number;
  /** Round robin over so many keys; 0: keyless. */
  readonly keys: number;
  readonly durability?: Durability;
  /** Every message has a dedupeId of its own. */
  readonly dedupeIds?: boolean;
  /** A handler waits for so long (default: returns at once), and so many of a consumer's may run at a time. */
  readonly handlerMs?: number;
  readonly concurrency?: number;
  /** Most messages in a frame. */
  readonly maxFrameMessages?: number;
}

/** What an entry of the stream holds, and how a tick is spread: see raw-client.ts. */
export type RawFormat = 'payloads' | 'messages' | 'frames' | 'sticky-frames';

export interface RawSpec {
  readonly kind: 'raw';
  readonly format: RawFormat;
  /** Each pipeline ends with WAIT for so many replicas. */
  readonly wait?: number;
}

export interface BullmqSpec {
  readonly kind: 'bullmq';
  readonly concurrency: number;
}

export interface NatsSpec {
  readonly kind: 'nats';
  readonly storage: 'file' | 'memory';
}

export interface RabbitmqSpec {
  readonly kind: 'rabbitmq';
  readonly queue: 'classic' | 'quorum';
}

export type ClientSpec = BrokerSpec | RawSpec | BullmqSpec | NatsSpec | RabbitmqSpec;

/** Loads only the client library that is measured. */
export async function openClient(spec: ClientSpec, target: Target): Promise<BenchClient> {
  switch (spec.kind) {
    case 'broker':
      return (await import('./broker-client.js')).brokerClient(spec, target);
    case 'raw':
      return (await import('./raw-client.js')).rawClient(spec, target);
    case 'bullmq':
      return (await import('./bullmq-client.js')).bullmqClient(spec, target);
    case 'nats':
      return (await import('./nats-client.js')).natsClient(spec, target);
    case 'rabbitmq':
      return (await import('./rabbitmq-client.js')).rabbitmqClient(spec, target);
    default:
      return spec satisfies never;
  }
}
