import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BrokerError } from '../broker-error.js';
import { type Clock, systemClock } from '../clock.js';
import type { Scaler } from './scaler.js';
import { type WorkerCrash, WorkerSlot } from './worker-slot.js';

/** What each worker runs: a module by this Node.js, or a command. No shell sees it. */
export type WorkerProgram =
  | { readonly module: string | URL; readonly execArgv?: readonly string[]; readonly args?: readonly string[] }
  | { readonly command: string; readonly args?: readonly string[] };

export interface ProcessScalerOptions {
  readonly program: WorkerProgram;
  /** Beside those of this process. Each worker is told its place, from 0, as `WORKER_INDEX`: a `memberId` can be made of it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Of the workers' output (default `inherit`). */
  readonly stdio?: 'inherit' | 'ignore';
  /** From SIGTERM to SIGKILL (default 15,000): longer than `closeTimeoutMs` of the workers' subscriptions. */
  readonly stopTimeoutMs?: number;
  /** A worker that ended by itself is started again after this time (default 500), which doubles each time... */
  readonly restartBaseMs?: number;
  /** ... up to this (default 30,000)... */
  readonly restartCapMs?: number;
  /** ... and begins anew when one has run for this long (default 10,000). */
  readonly healthyMs?: number;
  readonly onCrash?: (crash: WorkerCrash) => void;
  readonly clock?: Clock;
}

/**
 * Members as child processes of this one. A worker has to close its broker at SIGTERM, so that its partitions are handed
 * over. Those that are too many are the last ones. Workers outlive this process where that is killed: they are its
 * children, not its threads.
 */
export class ProcessScaler implements Scaler, AsyncDisposable {
  readonly #options: Required<Omit<ProcessScalerOptions, 'cwd'>> & Pick<ProcessScalerOptions, 'cwd'>;
  readonly #slots: WorkerSlot[] = [];
  #isClosed = false;

  constructor(options: ProcessScalerOptions) {
    this.#options = {
      env: {},
      stdio: 'inherit',
      stopTimeoutMs: 15_000,
      restartBaseMs: 500,
      restartCapMs: 30_000,
      healthyMs: 10_000,
      onCrash: () => {},
      clock: systemClock,
      ...options,
    };
    for (const name of ['stopTimeoutMs', 'restartBaseMs', 'restartCapMs', 'healthyMs'] as const) {
      if (this.#options[name] > 0) continue;
      throw new BrokerError('bad-option', `${name} ${String(this.#options[name])}: a number above 0`);
    }
  }

  /** Of the workers that run now, by their places; undefined for one that is about to be started again. */
  get pids(): readonly (number | undefined)[] {
    return this.#slots.map(({ pid }) => pid);
  }

  async scaleTo(members: number): Promise<void> {
    if (this.#isClosed) throw new BrokerError('closed', 'the scaler is closed');
    if (!Number.isInteger(members) || members < 0) {
      throw new BrokerError('bad-option', `members ${members}: a whole number of at least 0`);
    }
    while (this.#slots.length < members) this.#slots.push(this.#newSlot(this.#slots.length));
    await Promise.all(this.#slots.splice(members).map((slot) => slot.end()));
  }

  /** Ends all workers; resolves when they are gone. Twice is safe. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#slots.map((slot) => slot.end()));
  }

  #newSlot(index: number): WorkerSlot {
    const { program, env, cwd, stdio, ...timing } = this.#options;
    const spawnOptions: SpawnOptions = {
      env: { ...process.env, ...env, WORKER_INDEX: String(index) },
      stdio: ['ignore', stdio, stdio],
      ...(cwd === undefined ? {} : { cwd }),
    };
    return new WorkerSlot({ index, ...timing, ...commandOf(program), spawnOptions });
  }
}

function commandOf(program: WorkerProgram): { readonly command: string; readonly args: readonly string[] } {
  if ('command' in program) return { command: program.command, args: program.args ?? [] };
  const { module, execArgv = [], args = [] } = program;
  const path = module instanceof URL ? fileURLToPath(module) : module;
  return { command: process.execPath, args: [...execArgv, path, ...args] };
}
