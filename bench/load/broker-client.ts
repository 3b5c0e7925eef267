import { MessageBroker } from '../../broker/index.js';
import { type BenchClient, PARTITIONS } from './client.js';

/** The reference broker; `keys: 0` sends keyless messages. */
export function brokerClient({ keys }: { readonly keys: number }): BenchClient {
  return {
    async producer(redis, topic) {
      const broker = await MessageBroker.connect({ redis });
      await broker.createTopic(topic, { partitions: PARTITIONS });
      await broker.openTopic(topic);
      let sent = 0;
      return {
        send(payloads, onStored) {
          const batch = payloads.map((payload) => {
            const id = `m${sent++}`;
            return { id, key: keys === 0 ? undefined : `k${sent % keys}`, payload };
          });
          broker.publishBatch(topic, batch, (_, outcome) => {
            if (outcome.kind !== 'accepted') throw outcome.error;
            onStored();
          });
        },
        close: () => broker.close(),
      };
    },
    async consumer(redis, topic, onMessage) {
      const broker = await MessageBroker.connect({ redis });
      await broker.createTopic(topic, { partitions: PARTITIONS });
      await broker.subscribe(topic, 'bench', ({ payload }) => onMessage(payload), { concurrency: 64 });
      return { close: () => broker.close() };
    },
  };
}
