import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { ManagedProcess, UnexpectedExit } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { logTail } from './log-tail.js';
import type { RunRegistry } from './run-registry.js';
import { waitFor } from './wait-for.js';

export interface ServerProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Both of its output streams: begun anew with the first start, appended to by later ones. */
  readonly logPath: string;
  /** Whether it answers now. Throws when it never will. */
  readonly isReady: (pid: number, signal: AbortSignal) => Promise<boolean>;
  /** Turns the log of a server that ended before it answered into an error. */
  readonly explainExit: (log: string, exit: { code: number | null; signal: NodeJS.Signals | null }) => EnvironmentError;
  readonly registry: Pick<RunRegistry, 'add' | 'remove'>;
  readonly clock: Clock;
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void;
}

const READY_DEADLINE_MS = 30_000;
const TERM_DEADLINE_MS = 3_000;
const KILL_DEADLINE_MS = 5_000;
/** Signals that do not end a process. */
const HARMLESS: ReadonlySet<NodeJS.Signals> = new Set(['SIGSTOP', 'SIGCONT', 'SIGTSTP', 'SIGWINCH', 'SIGCHLD']);

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<void>;
  /** Answered once: from then on an exit that nobody asked for is reported. */
  answered: boolean;
  exitExpected: boolean;
}

/** One server process of ours: started, watched, signalled, started again under the same address, and always ended. */
export class ServerProcess implements ManagedProcess, AsyncDisposable {
  readonly name: string;
  readonly #options: ServerProcessOptions;
  #current: Running | undefined;
  #starts = 0;
  #lastEnd: Promise<void> = Promise.resolve();
  #lastExit: { code: number | null; signal: NodeJS.Signals | null } = { code: null, signal: null };
  #disposed = false;

  constructor(options: ServerProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  get running(): boolean {
    return this.#current !== undefined;
  }

  signal(signal: NodeJS.Signals): void {
    const current = this.#current;
    if (current === undefined) return;
    if (!HARMLESS.has(signal)) current.exitExpected = true;
    current.child.kill(signal);
  }

  exited(): Promise<void> {
    return this.#lastEnd;
  }

  async start(signal?: AbortSignal): Promise<void> {
    const ending = this.#current;
    if (ending?.exitExpected && !(await this.#endsWithin(ending, READY_DEADLINE_MS))) {
      throw new EnvironmentError(
        'not-ready',
        `${this.name} (pid ${ending.pid}) was signalled to end, but has not: it is paused or busy.`,
      );
    }
    if (this.#disposed)
      throw new EnvironmentError('ended', `${this.name} cannot be started: its environment was disposed of.`);
    const running = this.#current ?? this.#spawn();
    const abort = new AbortController();
    const both = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
    void running.ended.then(() => abort.abort());
    try {
      const ready = await waitFor(
        async () => ((await this.#options.isReady(running.pid, both)) ? true : undefined),
        { clock: this.#options.clock, deadlineMs: READY_DEADLINE_MS },
        both,
      );
      if (ready === undefined) throw await this.#notReady();
      running.answered = true;
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#current === running) throw error;
      if (running.exitExpected) throw new EnvironmentError('ended', `${this.name} was ended while it was starting.`);
      throw this.#options.explainExit(await logTail(this.#options.logPath), this.#lastExit);
    }
  }

  /** SIGCONT, SIGTERM, SIGKILL, each with its time. Twice is safe. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const current = this.#current;
    if (current === undefined) return;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    if (await this.#endsWithin(current, TERM_DEADLINE_MS)) return;
    this.signal('SIGKILL');
    if (await this.#endsWithin(current, KILL_DEADLINE_MS)) return;
    throw new EnvironmentError(
      'ended',
      `${this.name} (pid ${current.pid}) does not end, not even by SIGKILL. End it by hand.`,
    );
  }

  #spawn(): Running {
    const { command, args, cwd, env, logPath, registry } = this.#options;
    const log = openSync(logPath, this.#starts++ === 0 ? 'w' : 'a');
    let child: ChildProcess;
    try {
      // A process group of its own: Ctrl-C on a terminal reaches the orchestrator only, which then ends it in order.
      child = spawn(command, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ['ignore', log, log],
        detached: true,
      });
    } finally {
      closeSync(log);
    }
    const { pid } = child;
    if (pid === undefined) throw this.#cannotStart(child);
    registry.add(pid, this.name);
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        registry.remove(pid);
        this.#current = undefined;
        this.#lastExit = { code, signal };
        resolve();
        if (running.answered && !running.exitExpected) void this.#reportExit();
      });
    });
    const running: Running = { child, pid, ended, answered: false, exitExpected: false };
    this.#current = running;
    this.#lastEnd = ended;
    return running;
  }

  #cannotStart(child: ChildProcess): EnvironmentError {
    // The reason comes as an event in a later turn of the loop; without a listener it would end the orchestrator.
    child.once('error', () => {});
    return new EnvironmentError(
      'missing-binary',
      `${this.name}: ${this.#options.command} cannot be started. See \`gauntlet doctor\`, and find it again with \`gauntlet setup\`.`,
    );
  }

  async #notReady(): Promise<EnvironmentError> {
    const { name, logPath } = this.#options;
    const seconds = READY_DEADLINE_MS / 1000;
    return new EnvironmentError(
      'not-ready',
      `${name} runs but did not answer within ${seconds} s. The end of its log:\n${await logTail(logPath)}`,
    );
  }

  async #reportExit(): Promise<void> {
    const log = await logTail(this.#options.logPath);
    this.#options.onUnexpectedExit({ process: this.name, ...this.#lastExit, logTail: log });
  }

  async #endsWithin(running: Running, deadlineMs: number): Promise<boolean> {
    const cancel = new AbortController();
    const late = this.#options.clock.sleep(deadlineMs, cancel.signal).then(
      () => false,
      () => false,
    );
    const ended = await Promise.race([running.ended.then(() => true), late]);
    cancel.abort(new Error('ended'));
    return ended;
  }
}
