import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { logTail } from '../environment/log-tail.js';
import type { WorkerHandle } from '../faults/fault.js';
import type { LedgerFile, ReadySpan, WorkerIncident } from '../ledger/history.js';
import { releaseBrake } from './brake.js';
import { pingWorker } from './channel-ping.js';
import {
  beginPause,
  endPause,
  type Incarnation,
  incidentsOf,
  isPaused,
  ledgerFilesOf,
  mayBeSilent,
  newIncarnation,
  noteSignal,
  readySpansOf,
} from './incarnation.js';
import type { DriverDescription, FromWorker, WorkerFailure } from './protocol.js';
import { jobOf, type RunContext } from './run-context.js';
import { childEnd, sendTo, spawnChild } from './worker-child.js';
import {
  afterDeadline,
  CLOSE_DEADLINE_MS,
  DEAF_SECONDS,
  READY_DEADLINE_MS,
  sendingDeadlineMs,
} from './worker-deadlines.js';
import { judgeEnd, startFailure, type WorkerEnd } from './worker-end.js';
import { WorkerError } from './worker-error.js';
import type { WorkerOptions } from './worker-options.js';

/** Signals that do not end a process. */
const HARMLESS: ReadonlySet<NodeJS.Signals> = new Set(['SIGSTOP', 'SIGCONT', 'SIGINT', 'SIGHUP']);

interface Current {
  readonly child: ChildProcess;
  readonly life: Incarnation;
  readonly ended: Promise<void>;
  failure: WorkerFailure | undefined;
  finished: boolean;
  signalled: boolean;
  /** Why we ended it ourselves, when it was not a fault. */
  verdict: 'deaf' | 'not-closed' | undefined;
  silentSeconds: number;
}

/**
 * A producer, a consumer or the autoscaler as the run and its faults see it. `start()` begins incarnation after incarnation;
 * {@link begin} tells the current and all later ones when the load starts.
 */
export class WorkerProcess implements WorkerHandle, AsyncDisposable {
  readonly name: string;
  readonly role: WorkerOptions['role'];
  readonly incarnations: Incarnation[] = [];
  /** What the driver said it is; known once the first incarnation is ready. */
  driver: DriverDescription | undefined;
  readonly #context: RunContext;
  readonly #options: WorkerOptions;
  readonly #logPath: string;
  #current: Current | undefined;
  #lastEnd: Promise<void> = Promise.resolve();
  #startNs: number | undefined;
  #disposed = false;

  constructor(context: RunContext, options: WorkerOptions) {
    this.name = `${options.role}-${options.index + 1}`;
    this.role = options.role;
    this.#context = context;
    this.#options = options;
    this.#logPath = join(context.logDir, `${this.name}.log`);
  }

  get pid(): number | undefined {
    return this.#current?.child.pid;
  }

  get running(): boolean {
    return this.#current !== undefined;
  }

  /** Resolves when the driver is connected and able to work. Throws {@link WorkerError}. */
  async start(): Promise<void> {
    if (this.#current?.signalled) await this.#current.ended;
    if (this.#disposed) throw new WorkerError('ended', `${this.name} cannot be started: the run is over`);
    if (this.#current !== undefined) return;
    const current = this.#spawn();
    let cancel = () => {};
    const ready = new Promise<boolean>((resolve) => {
      current.child.on('message', (message: FromWorker) => message.type === 'ready' && resolve(true));
      void current.ended.then(() => resolve(false));
      cancel = afterDeadline(this.#context.clock, READY_DEADLINE_MS, () => resolve(false));
    });
    const isReady = await ready;
    cancel();
    if (!isReady) throw await this.#notReady(current);
  }

  /** The load starts at this monotonic time. A later incarnation sends what is due from when it is ready. */
  begin(startNs: number): void {
    this.#startNs = startNs;
    if (this.#current !== undefined) sendTo(this.#current.child, { type: 'begin', startNs });
  }

  signal(signal: NodeJS.Signals): void {
    const current = this.#current;
    if (current === undefined) return;
    if (!HARMLESS.has(signal)) current.signalled = true;
    current.child.kill(signal);
    noteSignal(current.life, signal, this.#context.clock.nowNs());
  }

  stall(): void {
    const current = this.#current;
    if (current === undefined || isPaused(current.life, 'stall')) return;
    beginPause(current.life, 'stall', this.#context.clock.nowNs());
    sendTo(current.child, { type: 'stall' });
  }

  resume(): void {
    const current = this.#current;
    if (current === undefined || !isPaused(current.life, 'stall')) return;
    releaseBrake(current.child);
    endPause(current.life, this.#context.clock.nowNs(), 'stall');
  }

  async ping(deadlineMs: number): Promise<number | undefined> {
    const current = this.#current;
    return current && pingWorker(current.child, deadlineMs, this.#context.clock);
  }

  exited(): Promise<void> {
    return this.#lastEnd;
  }

  /**
   * An orderly end. A consumer finishes what is in flight; a producer that has begun sends the rest of its plan and
   * waits for the outcomes until their deadline. One that does not end in time is killed and judged `not-closed`.
   * Returns how the last incarnation ended.
   */
  async stop(): Promise<WorkerEnd | undefined> {
    const current = this.#current;
    if (current === undefined) return this.incarnations.at(-1)?.end;
    if (isPaused(current.life, 'signal')) this.signal('SIGCONT');
    this.resume();
    const { clock, scenario } = this.#context;
    const sendsSinceNs = this.role === 'producer' ? this.#startNs : undefined;
    if (sendsSinceNs === undefined) sendTo(current.child, { type: 'stop' });
    const deadlineMs =
      sendsSinceNs === undefined ? CLOSE_DEADLINE_MS : sendingDeadlineMs(scenario, sendsSinceNs, clock.nowNs());
    const cancel = afterDeadline(clock, deadlineMs, () => this.#endIt(current, 'not-closed'));
    await current.ended;
    cancel();
    return current.life.end;
  }

  /** Its ledger files, for the checker. */
  ledgerFiles(): LedgerFile[] {
    const { role, index } = this.#options;
    if (role === 'autoscaler') return [];
    const files = ledgerFilesOf(this.#context.ledgerDir, { role, index }, this.incarnations);
    return this.#options.fresh ? files.map((file) => ({ ...file, fresh: true })) : files;
  }

  /** When it could handle messages; the drain's fresh consumer is no consumer of the run. */
  readySpans(endNs: number): ReadySpan[] {
    const { fresh, index } = this.#options;
    return fresh ? [] : readySpansOf(index, this.incarnations, endNs);
  }

  /** What faults did to it until `endNs`, for the checker. */
  incidents(endNs: number): WorkerIncident[] {
    const { role, index } = this.#options;
    return role === 'autoscaler' ? [] : incidentsOf({ role, index }, this.incarnations, endNs);
  }

  /** Kills it if it is still there. Twice is safe. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    if (this.#current !== undefined) {
      this.#current.signalled = true;
      this.#current.child.kill('SIGKILL');
    }
    await this.#lastEnd;
  }

  #spawn(): Current {
    const { role, index, count, fresh } = this.#options;
    const { scenario, registry, clock } = this.#context;
    const number = this.incarnations.length;
    const life = newIncarnation(number, clock.nowNs());
    const child = spawnChild({
      name: this.name,
      entry: `${role}-worker`,
      userModule: scenario.system.driver,
      logPath: this.#logPath,
      registry,
    });
    const worker = fresh ? { index: 0, count: 1, incarnation: number } : { index, count, incarnation: number };
    const members = fresh ? 1 : scenario.consumers.members;
    sendTo(child, { type: 'init', job: jobOf(this.#context, role, worker, index, members) });
    if (this.#startNs !== undefined) sendTo(child, { type: 'begin', startNs: this.#startNs });
    const ended = childEnd(child).then((exit) => this.#onEnd(current, exit));
    const current: Current = {
      child,
      life,
      ended,
      failure: undefined,
      finished: false,
      signalled: false,
      verdict: undefined,
      silentSeconds: 0,
    };
    child.on('message', (message: FromWorker) => this.#onMessage(current, message));
    this.incarnations.push(life);
    this.#current = current;
    this.#lastEnd = ended;
    this.#watch(current);
    return current;
  }

  #onMessage(current: Current, message: FromWorker): void {
    current.silentSeconds = 0;
    const { life } = current;
    switch (message.type) {
      case 'ready':
        life.readyNs ??= message.readyNs;
        this.driver ??= message.driver;
        break;
      case 'stats':
        life.stats = message.stats;
        this.#options.onStats?.(message.stats);
        break;
      case 'finished':
        current.finished = true;
        life.lag = message.lag;
        break;
      case 'failed':
        current.failure = message.failure;
        break;
      case 'scale':
      case 'look':
        this.#options.onScaling?.(message, (reply) => sendTo(current.child, reply));
        break;
      case 'pong':
      case 'inventory':
      case 'probe':
        break;
      default:
        message satisfies never;
    }
  }

  /** Counts seconds, not time since the last message: a stall of the orchestrator itself is no silence of the worker. */
  #watch(current: Current): void {
    const timer = setInterval(() => {
      if (mayBeSilent(current.life, this.#startNs !== undefined)) current.silentSeconds = 0;
      else if (++current.silentSeconds > DEAF_SECONDS) this.#endIt(current, 'deaf');
    }, 1000);
    void current.ended.then(() => clearInterval(timer));
  }

  #endIt(current: Current, verdict: 'deaf' | 'not-closed'): void {
    current.verdict ??= verdict;
    current.child.kill('SIGKILL');
  }

  #onEnd(current: Current, exit: { code: number | null; signal: NodeJS.Signals | null }): void {
    const { life, failure, finished, signalled, verdict } = current;
    const atNs = this.#context.clock.nowNs();
    const judged = judgeEnd({ ...exit, failure, finished, signalled, verdict, ready: life.readyNs !== undefined });
    const end: WorkerEnd = { worker: this.name, incarnation: life.number, atNs, ...judged, ...exit };
    life.end = end;
    endPause(life, atNs);
    this.#current = undefined;
    this.#options.onEnd?.(end);
  }

  async #notReady(current: Current): Promise<WorkerError> {
    const { end } = current.life;
    const where = `See ${this.#logPath}.`;
    if (end === undefined) {
      this.#endIt(current, 'not-closed');
      const tail = await logTail(this.#logPath);
      const seconds = READY_DEADLINE_MS / 1000;
      return new WorkerError('not-ready', `${this.name} was not ready within ${seconds} s. ${where}\n${tail}`);
    }
    return startFailure(end, where);
  }
}
