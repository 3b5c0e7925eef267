import { Queue, Worker } from 'bullmq';
import type { BenchClient, BullmqSpec, Target } from './client.js';
import { crash } from './crash.js';

const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true };

/** BullMQ as its documentation advises for throughput: addBulk, high concurrency, finished jobs removed at once. */
export function bullmqClient({ concurrency }: BullmqSpec, { host, port }: Target): BenchClient {
  const connection = { host, port };
  return {
    async prepare() {},
    async producer(topic) {
      const queue = new Queue(topic, { connection });
      await queue.waitUntilReady();
      return {
        send(payloads, onStored) {
          // Data of jobs is JSON; the payload is ASCII, but for its stamp.
          const jobs = payloads.map((payload) => ({
            name: 'm',
            data: { payload: payload.toString('latin1') },
            opts: JOB_OPTIONS,
          }));
          queue.addBulk(jobs).then((added) => {
            for (let i = 0; i < added.length; i++) onStored();
          }, crash);
        },
        close: () => queue.close(),
      };
    },
    async consumer(topic, onMessage) {
      const handle = async ({ data }: { data: { payload: string } }) => onMessage(Buffer.from(data.payload, 'latin1'));
      const worker = new Worker(topic, handle, { connection, concurrency });
      worker.on('error', crash);
      await worker.waitUntilReady();
      return { close: () => worker.close() };
    },
    async leftovers(topic) {
      const queue = new Queue(topic, { connection });
      const counts = await queue.getJobCounts();
      await queue.close();
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
  };
}
