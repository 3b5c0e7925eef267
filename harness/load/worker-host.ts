import type { Driver } from '../drivers/driver.js';
import { loadDriver, openDriver } from '../drivers/load-driver.js';
import { waitOnBrake } from './brake.js';
import { type FromWorker, type ToWorker, WORKER_EXIT, type WorkerFailureCode, type WorkerJob } from './protocol.js';

/** How long a driver may take to close before the worker leaves without it. */
const CLOSE_DEADLINE_MS = 10_000;
/** How long the last message may take to reach the orchestrator. */
const FAREWELL_MS = 1_000;

/** The worker's side of the channel to the orchestrator, and the one way out of the process. */
export class WorkerHost {
  readonly job: WorkerJob;
  /** Aborted when the orchestrator (or SIGTERM) asks for an orderly end. */
  readonly stopSignal: AbortSignal;
  readonly #begun: Promise<number>;
  readonly #onEnd: (() => void)[] = [];
  #ending = false;

  constructor(job: WorkerJob, begun: Promise<number>, stopSignal: AbortSignal) {
    this.job = job;
    this.#begun = begun;
    this.stopSignal = stopSignal;
  }

  /** Resolves with the monotonic start of the load, or undefined when the end was asked for before it. */
  begun(): Promise<number | undefined> {
    const stopped = new Promise<undefined>((resolve) => {
      if (this.stopSignal.aborted) resolve(undefined);
      this.stopSignal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return Promise.race([this.#begun, stopped]);
  }

  send(message: FromWorker): void {
    if (process.connected) process.send?.(message);
  }

  /** What the orchestrator sends from now on. */
  onMessage(listener: (message: ToWorker) => void): void {
    process.on('message', listener);
  }

  /** `step` runs (synchronously) before the process ends, in order or not: for closing the ledger file. */
  atEnd(step: () => void): void {
    this.#onEnd.push(step);
  }

  /** Loads, creates and checks the driver of the scenario. */
  async openDriver(): Promise<Driver> {
    const { job } = this;
    const name = job.scenario.system.driver;
    const module = await loadDriver(name, job.scenario.source.path);
    return openDriver(name, module, {
      role: job.role,
      endpoints: job.endpoints,
      topic: job.topic,
      group: job.group,
      options: job.scenario.system.options,
      worker: job.worker,
      concurrency: job.scenario.consumers.concurrency,
      log: (message) => process.stderr.write(`${message}\n`),
      signal: this.stopSignal,
    });
  }

  /** Disposes of what the driver opened; a driver that does not close in time ends the worker. */
  async close(resource: AsyncDisposable, what: string): Promise<void> {
    const timer = setTimeout(() => {
      this.fail('not-closed', `${what} did not close within ${CLOSE_DEADLINE_MS / 1000} s`);
    }, CLOSE_DEADLINE_MS);
    await resource[Symbol.asyncDispose]();
    clearTimeout(timer);
  }

  /** Ends the process in order. */
  finish(message: FromWorker): void {
    this.#end(message, 0);
  }

  fail(code: WorkerFailureCode, message: string): void {
    this.#end({ type: 'failed', failure: { code, message } }, WORKER_EXIT[code]);
  }

  #end(message: FromWorker, exitCode: number): void {
    if (this.#ending) return;
    this.#ending = true;
    for (const step of this.#onEnd) step();
    if (!process.connected || process.send === undefined) process.exit(exitCode);
    setTimeout(() => process.exit(exitCode), FAREWELL_MS);
    process.send(message, () => process.exit(exitCode));
  }
}

/**
 * Runs a worker process: waits for its job, keeps the rules that all workers share, and turns whatever `main` throws,
 * or anything else throws where nobody catches it, into a `failed` message and its exit code.
 */
export async function runWorker(main: (host: WorkerHost) => Promise<void>): Promise<void> {
  // A Ctrl-C or a closed terminal is the orchestrator's business, which then asks the workers.
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.on('disconnect', () => process.exit(WORKER_EXIT.orphaned));
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());

  const host = await new Promise<WorkerHost>((resolve) => {
    const begun = new Promise<number>((begin) => {
      process.on('message', (message: ToWorker) => {
        switch (message.type) {
          case 'init':
            return resolve(new WorkerHost(message.job, begun, stop.signal));
          case 'begin':
            return begin(message.startNs);
          case 'stop':
            return stop.abort();
          case 'ping':
            return void process.send?.({ type: 'pong', id: message.id } satisfies FromWorker);
          case 'stall':
            return waitOnBrake();
          case 'scaled':
            return;
          default:
            return message satisfies never;
        }
      });
    });
  });
  process.on('uncaughtException', (error: unknown) => {
    report(error);
    host.fail('crashed', describe(error));
  });
  try {
    await main(host);
  } catch (error) {
    report(error);
    host.fail('driver', describe(error));
  }
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
