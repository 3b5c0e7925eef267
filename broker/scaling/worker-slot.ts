import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { CancelTimer, Clock } from '../clock.js';

/** A process that ended without being told to. */
export interface WorkerCrash {
  /** Its place among the workers, from 0. */
  readonly index: number;
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  readonly reason: string;
  readonly restartInMs: number;
}

export interface WorkerSlotOptions {
  readonly index: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly spawnOptions: SpawnOptions;
  readonly clock: Clock;
  readonly restartBaseMs: number;
  readonly restartCapMs: number;
  /** One that has run for so long did not fail to start: the back-off begins anew. */
  readonly healthyMs: number;
  /** After SIGTERM; then SIGKILL. */
  readonly stopTimeoutMs: number;
  onCrash(crash: WorkerCrash): void;
}

/** One worker process that is to run: started, started again when it ends by itself, later each time, and ended in order. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  #child: ChildProcess | undefined;
  #startedMs = 0;
  #crashes = 0;
  #cancelRestart: CancelTimer | undefined;
  #ending: Promise<void> | undefined;
  #onGone: (() => void) | undefined;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#start();
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it; resolves when it is gone. Twice is safe. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #start(): void {
    const { command, args, spawnOptions, clock } = this.#options;
    this.#startedMs = clock.nowMs();
    const child = spawn(command, args, { ...spawnOptions, shell: false });
    this.#child = child;
    child.once('error', (error) => {
      // One that runs may not be reached by a signal: only one that never ran is gone with this.
      if (child.pid === undefined) this.#onEnd(undefined, error.message);
    });
    child.once('exit', (code, signal) => {
      this.#onEnd(child.pid, signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  }

  #onEnd(pid: number | undefined, reason: string): void {
    this.#child = undefined;
    this.#onGone?.();
    if (this.#ending !== undefined) return;
    const { index, clock, restartBaseMs, restartCapMs, healthyMs, onCrash } = this.#options;
    if (clock.nowMs() - this.#startedMs >= healthyMs) this.#crashes = 0;
    const restartInMs = Math.min(restartCapMs, restartBaseMs * 2 ** this.#crashes++);
    this.#cancelRestart = clock.after(restartInMs, () => this.#start());
    onCrash({ index, pid, reason, restartInMs });
  }

  async #end(): Promise<void> {
    this.#cancelRestart?.();
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    child.kill('SIGTERM');
    const cancel = this.#options.clock.after(this.#options.stopTimeoutMs, () => child.kill('SIGKILL'));
    await gone;
    cancel();
  }
}
