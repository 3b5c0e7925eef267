import { NS_PER_MS, NS_PER_SEC, systemClock } from '../../harness/clock.js';
import type { BenchContext, Measured } from '../benchmark.js';
import { type BrokerSpec, openClient, type Target } from './client.js';
import { closedLoad, newTopic } from './pair.js';
import { BenchWorker } from './worker-process.js';
import { PAYLOAD_BYTES } from './workload.js';

export interface GroupOptions {
  readonly client: BrokerSpec;
  readonly target: Target;
  readonly workers: number;
}

const LEAD_MS = 20;

/**
 * Several consumer processes of one group, behind a producer that keeps a backlog for them: what they handle together, and
 * how evenly. What is left over at the end is left: this is about speed (see pair.ts for what is counted to the last message).
 */
export async function measureGroup(context: BenchContext, options: GroupOptions): Promise<Measured[]> {
  const { client, target, workers } = options;
  const load = closedLoad(context.quick);
  const topic = newTopic();
  await (await openClient(client, target)).prepare(topic);
  const task = { client, target, topic, payloadBytes: PAYLOAD_BYTES, load };
  const consumers: BenchWorker[] = [];
  for (let i = 0; i < workers; i++) consumers.push(await BenchWorker.start(context, { ...task, role: 'consumer' }));
  const producer = await BenchWorker.start(context, { ...task, role: 'producer' });
  const handled = consumers.map(() => 0);
  for (const [i, consumer] of consumers.entries()) {
    consumer.onHandled = (count) => {
      handled[i] = count;
      producer.tell({ kind: 'handled', count: handled.reduce((sum, one) => sum + one, 0) });
    };
  }
  const startNs = systemClock.nowNs() + LEAD_MS * NS_PER_MS;
  for (const worker of [...consumers, producer]) worker.tell({ kind: 'begin', startNs });
  const failed = Promise.race(consumers.map((consumer) => consumer.done())).then(() => {
    throw new Error('a consumer ended before the measured time');
  });
  const rates = await Promise.race([ratesOf(handled, load.warmUpMs, load.measuredMs, context.signal), failed]);
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  return [
    { metric: 'handled', unit: 'msg/s', value: total },
    { metric: 'least of a worker, of an even share', unit: '', value: (Math.min(...rates) * workers) / total },
  ];
}

/** Messages a second of each, between warm-up and end, as they report them. */
async function ratesOf(handled: readonly number[], warmUpMs: number, measuredMs: number, signal: AbortSignal) {
  await systemClock.sleep(LEAD_MS + warmUpMs, signal);
  const before = [...handled];
  const fromNs = systemClock.nowNs();
  await systemClock.sleep(measuredMs, signal);
  const seconds = (systemClock.nowNs() - fromNs) / NS_PER_SEC;
  return handled.map((count, i) => (count - before[i]!) / seconds);
}
