/** A way to send messages through Redis Streams: what benchmarks compare. */
export interface BenchClient {
  producer(address: Address, topic: string): Promise<BenchProducer>;
  /** Calls `onMessage` for every payload, then acknowledges. Resolves when it can receive. */
  consumer(address: Address, topic: string, onMessage: (payload: Buffer) => void): Promise<BenchConsumer>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface BenchProducer {
  /** Sends all messages of one tick; `onStored` is called once for each. */
  send(payloads: readonly Buffer[], onStored: () => void): void;
  close(): Promise<void>;
}

export interface BenchConsumer {
  /** Resolves when everything handled is acknowledged. */
  close(): Promise<void>;
}

export const PARTITIONS = 16;
export const PAYLOAD_BYTES = 1024;

export const CLIENTS = {
  /** The reference broker, messages spread over all partitions by key. */
  broker: async () => (await import('./broker-client.js')).brokerClient({ keys: 1000 }),
  /** The same with keyless messages: those of one tick share a partition. */
  'broker-keyless': async () => (await import('./broker-client.js')).brokerClient({ keys: 0 }),
  'one-entry-per-message': async () => (await import('./raw-client.js')).rawClient('entries'),
  'one-frame-per-entry': async () => (await import('./raw-client.js')).rawClient('frames'),
  'one-frame-one-partition-a-tick': async () => (await import('./raw-client.js')).rawClient('sticky-frames'),
} as const satisfies Record<string, () => Promise<BenchClient>>;

export type ClientName = keyof typeof CLIENTS;
