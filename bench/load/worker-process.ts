import { type ChildProcess, spawn } from 'node:child_process';
import { LOAD_WORKER_FLAGS, workerArgv } from '../../harness/worker-argv.js';
import type { BenchContext } from '../benchmark.js';
import type { FromWorker, ToWorker, WorkerFigures, WorkerTask } from './protocol.js';

const EXIT_MS = 10_000;

type Message<K extends FromWorker['kind']> = Extract<FromWorker, { kind: K }>;

/** A worker as its parent sees it. Ends with the contender's turn. */
export class BenchWorker {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #done: Promise<Message<'done'>>;
  onHandled: (count: number) => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    this.#done = this.#next('done');
    // A worker that fails before anybody asks for its figures is told of by whoever waits for something else.
    this.#done.catch(() => {});
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'handled') this.onHandled(message.count);
    });
  }

  /** Resolves when its client is connected. */
  static async start(context: BenchContext, task: WorkerTask): Promise<BenchWorker> {
    const { registry, disposal, signal } = context;
    signal.throwIfAborted();
    const argv = [...LOAD_WORKER_FLAGS, ...workerArgv(new URL('./worker.js', import.meta.url))];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], signal });
    const { pid } = child;
    if (pid !== undefined) registry.add(pid, `bench ${task.role}`);
    const worker = new BenchWorker(child);
    disposal.defer(() => worker.#end(registry));
    const ready = worker.#next('ready');
    worker.tell({ kind: 'task', task });
    await ready;
    return worker;
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  async done(): Promise<WorkerFigures> {
    const { figures } = await this.#done;
    await this.#ended;
    return figures;
  }

  /** The next message of a kind; rejects when the worker ends without one. */
  #next<K extends FromWorker['kind']>(kind: K): Promise<Message<K>> {
    return new Promise((resolve, reject) => {
      const listen = (message: FromWorker) => {
        if (message.kind !== kind) return;
        this.#child.off('message', listen);
        resolve(message as Message<K>);
      };
      this.#child.on('message', listen);
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => reject(new Error(`a bench worker ended with ${code ?? signal}`)));
    });
  }

  async #end(registry: BenchContext['registry']): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), this.#child.connected ? 0 : EXIT_MS);
    await this.#ended;
    clearTimeout(late);
    if (this.#child.pid !== undefined) registry.remove(this.#child.pid);
  }
}
