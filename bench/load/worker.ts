/** One side of a measured pair, in a process of its own: see pair.ts. */
import { openClient } from './client.js';
import { BenchHandling } from './consume.js';
import { type Feedback, produce } from './produce.js';
import type { FromWorker, ToWorker, WorkerFigures, WorkerTask } from './protocol.js';

const listeners: Partial<Record<ToWorker['kind'], (message: never) => void>> = {};

process.on('message', (message: ToWorker) => listeners[message.kind]?.(message as never));
on('task', ({ task }) => void (task.role === 'producer' ? producer(task) : consumer(task)));

async function producer(task: WorkerTask): Promise<void> {
  const client = await openClient(task.client, task.target);
  const opened = await client.producer(task.topic);
  const feedback: Feedback = { handled: 0, onHandled: () => {} };
  on('handled', ({ count }) => {
    feedback.handled = count;
    feedback.onHandled();
  });
  on('begin', async ({ startNs }) => {
    const figures = await produce(task, opened, startNs, feedback);
    await opened.close();
    end(figures);
  });
  tell({ kind: 'ready' });
}

async function consumer(task: WorkerTask): Promise<void> {
  const handling = new BenchHandling(task);
  handling.reportProgress((count) => tell({ kind: 'handled', count }));
  on('begin', ({ startNs }) => handling.begin(startNs));
  on('total', async ({ count }) => end(await handling.finish(count)));
  await handling.open(await openClient(task.client, task.target));
  tell({ kind: 'ready' });
}

function on<K extends ToWorker['kind']>(kind: K, listener: (message: Extract<ToWorker, { kind: K }>) => void): void {
  listeners[kind] = listener as (message: never) => void;
}

function tell(message: FromWorker): void {
  process.send!(message);
}

/** Whatever a client library still holds open must not keep the process: its figures are made. */
function end(figures: WorkerFigures): void {
  process.send!({ kind: 'done', figures } satisfies FromWorker, () => process.exit());
}
