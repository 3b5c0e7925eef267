import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measured } from '../benchmark.js';
import type { Address, ClientName } from './client.js';
import type { ConsumerFigures, WorkerTask } from './worker.js';

export interface PairOptions {
  readonly client: ClientName;
  readonly address: Address;
  readonly quick: boolean;
  readonly signal: AbortSignal;
}

const MAX_MESSAGES = { full: 400_000, quick: 80_000 };
const OPEN_LOOP_SEC = { full: 20, quick: 5 };
const WARM_UP_SEC = 2;
export const OPEN_LOOP_RATE_PER_SEC = 10_000;

let topics = 0;

/** Highest rate of a closed loop, end to end: published, handled, acknowledged. */
export async function measureMax(options: PairOptions): Promise<Measured> {
  const messages = options.quick ? MAX_MESSAGES.quick : MAX_MESSAGES.full;
  const { messagesPerSec } = await runPair(options, { messages, warmUp: messages / 4 });
  return { metric: 'max', unit: 'msg/s', value: messagesPerSec };
}

/** Latency of an open loop, from the intended send time to the handler. */
export async function measureLatency(options: PairOptions): Promise<readonly Measured[]> {
  const seconds = options.quick ? OPEN_LOOP_SEC.quick : OPEN_LOOP_SEC.full;
  const { p50Ms, p99Ms } = await runPair(options, {
    messages: (WARM_UP_SEC + seconds) * OPEN_LOOP_RATE_PER_SEC,
    warmUp: WARM_UP_SEC * OPEN_LOOP_RATE_PER_SEC,
    ratePerSec: OPEN_LOOP_RATE_PER_SEC,
  });
  return [
    { metric: 'p50 at 10,000/s', unit: 'ms', value: p50Ms },
    { metric: 'p99 at 10,000/s', unit: 'ms', value: p99Ms },
  ];
}

async function runPair(
  { client, address, signal }: PairOptions,
  load: Pick<WorkerTask, 'messages' | 'warmUp' | 'ratePerSec'>,
): Promise<ConsumerFigures> {
  signal.throwIfAborted();
  const task = { client, address, topic: `bench-${process.pid}-${++topics}`, ...load };
  const workers: ChildProcess[] = [];
  try {
    const consumer = await startWorker(workers, { ...task, role: 'consumer' }, signal);
    const figures = reply<ConsumerFigures>(consumer, signal);
    await startWorker(workers, { ...task, role: 'producer' }, signal);
    return await figures;
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

async function startWorker(workers: ChildProcess[], task: WorkerTask, signal: AbortSignal): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const worker = fork(script, [], { execArgv: ['--import', import.meta.resolve('tsx')] });
  workers.push(worker);
  const ready = reply<'ready'>(worker, signal);
  worker.send(task);
  await ready;
  return worker;
}

/** The worker's next message; rejects when it ends without one. */
function reply<T>(worker: ChildProcess, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (message) => {
      signal.removeEventListener('abort', onAbort);
      resolve(message as T);
    });
    worker.once('exit', (code, killedBy) => reject(new Error(`a worker ended with ${code ?? killedBy}`)));
  });
}
