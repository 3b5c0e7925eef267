import { join } from 'node:path';
import { NS_PER_MS, systemClock } from '../../harness/clock.js';
import type { BenchContext, Measured } from '../benchmark.js';
import { type ClientSpec, openClient, type Target } from './client.js';
import { groupCpuMs } from './process-group.js';
import type { Load, WorkerFigures } from './protocol.js';
import { BenchWorker } from './worker-process.js';
import { PAYLOAD_BYTES } from './workload.js';

export interface PairOptions {
  readonly client: ClientSpec;
  readonly target: Target;
  readonly load: Load;
  /** Process groups of the servers between the two: for their CPU time. */
  readonly servers?: readonly number[];
  /** A topic of its own unless it is given: then it exists. */
  readonly topic?: string;
  readonly payloadBytes?: number;
}

export interface PairFigures {
  readonly messagesPerSec: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** CPU time per handled message. `servers` in the order of the options. */
  readonly cpuUs: { readonly producer: number; readonly consumer: number; readonly servers: readonly number[] };
  readonly peakRssBytes: { readonly producer: number; readonly consumer: number };
}

export const OPEN_LOOP_RATE_PER_SEC = 10_000;
const WARM_UP_MS = { full: 2_000, quick: 1_000 };
const CLOSED_MS = { full: 8_000, quick: 2_000 };
const OPEN_MS = { full: 15_000, quick: 4_000 };
/** Between the last worker being ready and the first message. */
const LEAD_MS = 20;

let topics = 0;

export function newTopic(): string {
  return `bench-${process.pid}-${++topics}`;
}

export function closedLoad(quick: boolean): Extract<Load, { kind: 'closed' }> {
  const length = quick ? 'quick' : 'full';
  return { kind: 'closed', warmUpMs: WARM_UP_MS[length], measuredMs: CLOSED_MS[length] };
}

export function openLoad(quick: boolean, ratePerSec = OPEN_LOOP_RATE_PER_SEC): Load {
  const length = quick ? 'quick' : 'full';
  return { kind: 'open', ratePerSec, warmUpMs: WARM_UP_MS[length], measuredMs: OPEN_MS[length] };
}

/**
 * One producer and one consumer process, end to end: published, handled, acknowledged. Throws unless every message that
 * was stored was handled once, and nothing is left that is not acknowledged.
 */
export async function runPair(context: BenchContext, options: PairOptions): Promise<PairFigures> {
  const { client, target, load, servers = [], payloadBytes = PAYLOAD_BYTES } = options;
  const topic = options.topic ?? newTopic();
  const bench = await openClient(client, target);
  if (options.topic === undefined) await bench.prepare(topic);
  const task = { client, target, topic, payloadBytes, load };
  const start = (role: 'producer' | 'consumer') =>
    BenchWorker.start(context, { ...task, role, profilePath: profilePath(context, client, load, role) });
  const consumer = await start('consumer');
  const producer = await start('producer');
  consumer.onHandled = (count) => producer.tell({ kind: 'handled', count });
  const startNs = systemClock.nowNs() + LEAD_MS * NS_PER_MS;
  for (const worker of [consumer, producer]) worker.tell({ kind: 'begin', startNs });
  const handled = consumer.done();
  const [serverCpuMs, sent] = await Promise.race([
    Promise.all([cpuWhileMeasured(servers, load, context.signal), producer.done()]),
    // A consumer that fails ends the wait for the producer.
    handled.then(() => Promise.reject(new Error('the consumer ended before the producer'))),
  ]);
  consumer.tell({ kind: 'total', count: sent.messages });
  const received = await handled;
  const leftovers = await bench.leftovers(topic);
  if (leftovers > 0) throw new Error(`${leftovers} of ${sent.messages} messages were handled and not acknowledged`);
  return figuresOf(sent, received, serverCpuMs);
}

let profiles = 0;

function profilePath({ profileDir }: BenchContext, client: ClientSpec, load: Load, role: string): string | undefined {
  const number = String(++profiles).padStart(3, '0');
  return profileDir && join(profileDir, `${number}-${client.kind}-${load.kind}-${role}.cpuprofile`);
}

function figuresOf(sent: WorkerFigures, received: WorkerFigures, serverCpuMs: readonly number[]): PairFigures {
  const { measured, seconds } = received;
  const perMessageUs = (ms: number) => (ms * 1_000) / measured;
  return {
    messagesPerSec: measured / seconds,
    latencyMs: received.latencyMs!,
    cpuUs: {
      producer: perMessageUs(sent.cpuMs),
      consumer: perMessageUs(received.cpuMs),
      servers: serverCpuMs.map(perMessageUs),
    },
    peakRssBytes: { producer: sent.peakRssBytes, consumer: received.peakRssBytes },
  };
}

/** CPU time of each group of processes between warm-up and end. */
async function cpuWhileMeasured(servers: readonly number[], load: Load, signal: AbortSignal): Promise<number[]> {
  if (load.kind === 'count') return [];
  await systemClock.sleep(LEAD_MS + load.warmUpMs, signal);
  const before = servers.map(groupCpuMs);
  await systemClock.sleep(load.measuredMs, signal);
  return servers.map((group, i) => groupCpuMs(group) - before[i]!);
}

/** One side alone: stores, or handles, so many messages of an existing topic. */
export async function runCounted(
  context: BenchContext,
  role: 'producer' | 'consumer',
  options: Required<Pick<PairOptions, 'client' | 'target' | 'topic' | 'payloadBytes'>> & { readonly messages: number },
): Promise<WorkerFigures> {
  const { client, target, topic, payloadBytes, messages } = options;
  const load = { kind: 'count', messages } as const;
  const task = { role, client, target, topic, payloadBytes, load };
  const worker = await BenchWorker.start(context, { ...task, profilePath: profilePath(context, client, load, role) });
  if (role === 'consumer') worker.tell({ kind: 'total', count: messages });
  else worker.tell({ kind: 'begin', startNs: systemClock.nowNs() });
  return worker.done();
}

/** Highest rate of a closed loop. */
export async function measureMax(context: BenchContext, options: Omit<PairOptions, 'load'>): Promise<Measured[]> {
  const { messagesPerSec } = await runPair(context, { ...options, load: closedLoad(context.quick) });
  return [{ metric: 'max', unit: 'msg/s', value: messagesPerSec }];
}

/** Latency of an open loop, from the intended send time to the handler. */
export async function measureLatency(context: BenchContext, options: Omit<PairOptions, 'load'>): Promise<Measured[]> {
  const { latencyMs } = await runPair(context, { ...options, load: openLoad(context.quick) });
  const at = `at ${OPEN_LOOP_RATE_PER_SEC.toLocaleString('en-US')}/s`;
  return [
    { metric: `p50 ${at}`, unit: 'ms', value: latencyMs.p50 },
    { metric: `p99 ${at}`, unit: 'ms', value: latencyMs.p99 },
    { metric: `p99.9 ${at}`, unit: 'ms', value: latencyMs.p999 },
  ];
}
