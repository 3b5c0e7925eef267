import { type Handler, MessageBroker, type OutgoingMessage, type PublishOutcome } from '../../broker/index.js';
import { systemClock } from '../../harness/clock.js';
import type { BenchClient, BrokerSpec, Target } from './client.js';
import { crash } from './crash.js';

export const BENCH_GROUP = 'bench';
/** Where handlers return at once this bounds how many are in hand, not how long they take. */
const CONCURRENCY = 64;

/** The reference broker, everything on: leases, fencing, order per key, idempotent producer. */
export function brokerClient(spec: BrokerSpec, target: Target): BenchClient {
  const { partitions, keys, durability = 'leader', dedupeIds, maxFrameMessages = 1_024 } = spec;
  const { handlerMs, concurrency = CONCURRENCY } = spec;
  const connect = () => MessageBroker.connect({ redis: endpointOf(target), durability, maxFrameMessages });
  const keyNames = Array.from({ length: keys }, (_, key) => `k${key}`);
  return {
    async prepare(topic) {
      await using broker = await connect();
      await broker.createTopic(topic, { partitions });
    },
    async producer(topic) {
      const broker = await connect();
      await broker.openTopic(topic);
      let sent = 0;
      const message = (payload: Buffer): OutgoingMessage => {
        const key = keys === 0 ? undefined : keyNames[sent % keys];
        sent++;
        return dedupeIds ? { key, payload, dedupeId: `d${sent}` } : { key, payload };
      };
      return {
        send(payloads, onStored) {
          const onOutcome = (_: number, outcome: PublishOutcome) => {
            if (outcome.kind === 'accepted') onStored();
            else crash(outcome.error);
          };
          broker.publishBatch(topic, payloads.map(message), onOutcome);
        },
        close: () => broker.close(),
      };
    },
    async consumer(topic, onMessage) {
      const broker = await connect();
      const handler: Handler =
        handlerMs === undefined
          ? ({ payload }) => onMessage(payload)
          : async ({ payload }) => {
              await systemClock.sleep(handlerMs);
              onMessage(payload);
            };
      await broker.subscribe(topic, BENCH_GROUP, handler, { concurrency });
      return { close: () => broker.close() };
    },
    async leftovers(topic) {
      await using broker = await connect();
      let count = 0;
      for await (const _ of broker.inventory(topic, BENCH_GROUP)) count++;
      return count;
    },
  };
}

/** The broker's own word for a target. */
export function endpointOf({ host, port, replicas, cluster }: Target) {
  if (cluster !== undefined) return { cluster };
  return replicas === undefined ? { host, port } : { host, port, replicas };
}
