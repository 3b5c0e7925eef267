import { connect } from 'amqplib';
import type { BenchClient, RabbitmqSpec, Target } from './client.js';
import { crash } from './crash.js';

const PREFETCH = 2_000;
const PERSISTENT = { persistent: true };

/** RabbitMQ: a durable queue, persistent messages, publisher confirms; acknowledgements gather for one turn. */
export function rabbitmqClient({ queue }: RabbitmqSpec, { host, port }: Target): BenchClient {
  const open = () => connect({ hostname: host, port, username: 'guest', password: 'guest' }, { noDelay: true });
  return {
    async prepare(topic) {
      const connection = await open();
      const channel = await connection.createChannel();
      await channel.assertQueue(topic, { durable: true, arguments: { 'x-queue-type': queue } });
      await connection.close();
    },
    async producer(topic) {
      const connection = await open();
      const channel = await connection.createConfirmChannel();
      return {
        send(payloads, onStored) {
          const onConfirm = (error: unknown) => (error ? crash(error) : onStored());
          for (const payload of payloads) channel.sendToQueue(topic, payload, PERSISTENT, onConfirm);
        },
        close: () => connection.close(),
      };
    },
    async consumer(topic, onMessage) {
      const connection = await open();
      const channel = await connection.createChannel();
      await channel.prefetch(PREFETCH);
      let isScheduled = false;
      const acknowledge = () => {
        isScheduled = false;
        channel.ackAll();
      };
      await channel.consume(topic, (message) => {
        if (message === null) return crash(new Error('RabbitMQ cancelled the consumer'));
        onMessage(message.content);
        if (isScheduled) return;
        isScheduled = true;
        setImmediate(acknowledge);
      });
      return {
        async close() {
          if (isScheduled) acknowledge();
          // Its reply comes behind the acknowledgements.
          await channel.checkQueue(topic);
          await connection.close();
        },
      };
    },
    async leftovers(topic) {
      const connection = await open();
      const { messageCount } = await (await connection.createChannel()).checkQueue(topic);
      await connection.close();
      return messageCount;
    },
  };
}
