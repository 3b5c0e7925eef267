import { AckPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { BenchClient, NatsSpec, Target } from './client.js';
import { crash } from './crash.js';

const CONSUMER = 'bench';
/** Delivered and not acknowledged: far above what is ever in hand. */
const MAX_ACK_PENDING = 65_536;
const PULL_MESSAGES = 5_000;

/** NATS JetStream: publishes confirmed one by one and sent in parallel, a pull consumer, every message acknowledged. */
export function natsClient({ storage }: NatsSpec, { host, port }: Target): BenchClient {
  const open = () => connect({ servers: `${host}:${port}` });
  return {
    async prepare(topic) {
      const connection = await open();
      const manager = await jetstreamManager(connection);
      await manager.streams.add({
        name: topic,
        subjects: [topic],
        storage: storage === 'file' ? StorageType.File : StorageType.Memory,
      });
      await manager.consumers.add(topic, {
        durable_name: CONSUMER,
        ack_policy: AckPolicy.Explicit,
        max_ack_pending: MAX_ACK_PENDING,
      });
      await connection.close();
    },
    async producer(topic) {
      const connection = await open();
      const client = jetstream(connection);
      return {
        send(payloads, onStored) {
          for (const payload of payloads) client.publish(topic, payload).then(onStored, crash);
        },
        close: () => connection.drain(),
      };
    },
    async consumer(topic, onMessage) {
      const connection = await open();
      const consumer = await jetstream(connection).consumers.get(topic, CONSUMER);
      const messages = await consumer.consume({
        max_messages: PULL_MESSAGES,
        callback: (message) => {
          onMessage(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.byteLength));
          message.ack();
        },
      });
      return {
        async close() {
          await messages.close();
          await connection.flush();
          await connection.close();
        },
      };
    },
    async leftovers(topic) {
      const connection = await open();
      const { num_pending, num_ack_pending } = await (await jetstreamManager(connection)).consumers.info(
        topic,
        CONSUMER,
      );
      await connection.close();
      return num_pending + num_ack_pending;
    },
  };
}
