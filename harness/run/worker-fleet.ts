import type { WorkerHandle, WorkerProcesses } from '../faults/fault.js';
import type { LedgerFile, ReadySpan, WorkerCrash, WorkerIncident } from '../ledger/history.js';
import type { WorkerStats } from '../load/protocol.js';
import type { RunContext } from '../load/run-context.js';
import type { WorkerEnd } from '../load/worker-end.js';
import { WorkerError } from '../load/worker-error.js';
import type { WorkerOptions } from '../load/worker-options.js';
import { WorkerProcess } from '../load/worker-process.js';
import { consumerLimits } from '../scenario/consumer-limits.js';
import { OomWatch } from './oom-watch.js';

export interface FleetListener {
  onStats(worker: string, stats: WorkerStats): void;
  onEnd(end: WorkerEnd): void;
  /** An added consumer has no process, and so no end that could tell why. */
  onNotStarted(worker: string, reason: string): void;
}

/** Figures of all workers, every incarnation included: for the live display and the drain, never for a verdict. */
export interface FleetTotals {
  readonly sent: number;
  readonly accepted: number;
  readonly done: number;
  readonly p99Ms: number | undefined;
  readonly lastHandledNs: number;
}

/** The producers and consumers of one run. */
export class WorkerFleet implements WorkerProcesses, AsyncDisposable {
  readonly #context: RunContext;
  readonly #listener: FleetListener;
  readonly #workers: WorkerProcess[] = [];
  /** Ends by a signal from outside that the kernel answers for. */
  readonly #outOfMemory = new Set<WorkerEnd>();
  readonly #oomWatch = new OomWatch();
  #startNs: number | undefined;
  #scaling: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(context: RunContext, listener: FleetListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** Starts every worker of the scenario, consumers and producers side by side. Throws WorkerError. */
  async start(): Promise<void> {
    const { consumers, producers } = this.#context.scenario;
    const of = (role: 'producer' | 'consumer', workers: number, count: number) =>
      Array.from({ length: workers }, (_, index) => this.#add({ role, index, count }));
    const { min, max } = consumerLimits(consumers);
    const workers = [...of('consumer', min, max), ...of('producer', producers.workers, producers.workers)];
    await Promise.all(workers.map((worker) => worker.start()));
  }

  /** The process in which the driver decides how many consumers there are. Throws WorkerError. */
  async startAutoscaler(onScaling: WorkerOptions['onScaling'] & {}): Promise<void> {
    await this.#add({ role: 'autoscaler', index: 0, count: 1, onScaling }).start();
  }

  /** From now on there are as many consumers as there happen to be. */
  async stopAutoscaler(): Promise<void> {
    await this.#stop('autoscaler');
    await this.#scaling;
  }

  /**
   * Ends the last consumers in order, or starts those that are missing, one call after the other: `consumer-3` is the same
   * worker each time. Those that the scenario begins with are left alone: what became of them is its faults' doing.
   * Resolves when those that are too many have ended; why one could not be started is told by its end, or where it has none to the listener.
   */
  scaleConsumers(count: number): Promise<void> {
    this.#scaling = this.#scaling.then(() => this.#scaleConsumers(count));
    return this.#scaling;
  }

  begin(startNs: number): void {
    this.#startNs = startNs;
    for (const worker of this.#workers) worker.begin(startNs);
  }

  /** Producers send what is left of the plan and wait for the outcomes. */
  async stopProducers(): Promise<void> {
    await this.#stop('producer');
  }

  async stopConsumers(): Promise<void> {
    await this.#stop('consumer');
  }

  /** One consumer of everything, after all others closed: it is handed what was handled but never settled. */
  async startFreshConsumer(startNs: number): Promise<void> {
    const worker = this.#add({
      role: 'consumer',
      index: consumerLimits(this.#context.scenario.consumers).max,
      count: 1,
      fresh: true,
    });
    worker.begin(startNs);
    await worker.start();
  }

  names(): readonly string[] {
    return this.#workers.map(({ name }) => name);
  }

  get(name: string): WorkerHandle | undefined {
    return this.#workers.find((worker) => worker.name === name);
  }

  pids(): Map<string, number> {
    const pids = new Map<string, number>();
    for (const { name, pid } of this.#workers) if (pid !== undefined) pids.set(name, pid);
    return pids;
  }

  totals(): FleetTotals {
    let sent = 0;
    let accepted = 0;
    let done = 0;
    let lastHandledNs = 0;
    let p99Ms: number | undefined;
    for (const { running, incarnations } of this.#workers) {
      for (const { stats } of incarnations) {
        sent += stats?.producer?.sent ?? 0;
        accepted += stats?.producer?.accepted ?? 0;
        done += stats?.consumer?.distinct ?? 0;
        lastHandledNs = Math.max(lastHandledNs, stats?.consumer?.lastHandledNs ?? 0);
      }
      const latest = incarnations.at(-1)?.stats?.consumer?.latencyP99Ms;
      if (running && latest !== undefined) p99Ms = Math.max(p99Ms ?? 0, latest);
    }
    return { sent, accepted, done, p99Ms, lastHandledNs };
  }

  /** The last figures that the driver gave of itself, by worker. */
  gauges(): Record<string, number> {
    const gauges: Record<string, number> = {};
    for (const { name, incarnations } of this.#workers) {
      for (const [gauge, value] of Object.entries(incarnations.at(-1)?.stats?.gauges ?? {})) {
        gauges[`${name}.${gauge}`] = value;
      }
    }
    return gauges;
  }

  ledgerFiles(): LedgerFile[] {
    return this.#workers.flatMap((worker) => worker.ledgerFiles());
  }

  readyConsumers(endNs: number): ReadySpan[] {
    return this.#consumers().flatMap((worker) => worker.readySpans(endNs));
  }

  incidents(endNs: number): WorkerIncident[] {
    return this.#workers.flatMap((worker) => worker.incidents(endNs));
  }

  /** Ends that no fault ordered and that the driver (or memory) answers for. */
  crashes(): WorkerCrash[] {
    return this.#workers.flatMap(({ role, name, incarnations }) =>
      incarnations.flatMap(({ number: incarnation, end }) => {
        const cause = end === undefined ? undefined : this.#crashCause(end);
        if (end === undefined || cause === undefined) return [];
        const worker = Number(name.slice(name.indexOf('-') + 1)) - 1;
        return [{ role, worker, incarnation, atNs: end.atNs, cause, detail: end.detail }];
      }),
    );
  }

  /** Workers that something beside the harness and its faults ended: the run says nothing about the system then. */
  outsideSignals(): string[] {
    return this.#workers.flatMap(({ incarnations }) =>
      incarnations.flatMap(({ end }) => (this.#isOutside(end) ? [`${end.worker}: ${end.detail}`] : [])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#workers.map((worker) => worker[Symbol.asyncDispose]()));
  }

  async #scaleConsumers(count: number): Promise<void> {
    if (this.#disposed) return;
    const { min, max } = consumerLimits(this.#context.scenario.consumers);
    for (let index = this.#consumers().length; index < count; index++) {
      const worker = this.#add({ role: 'consumer', index, count: max });
      if (this.#startNs !== undefined) worker.begin(this.#startNs);
    }
    const consumers = this.#consumers();
    for (const worker of consumers.slice(min, count)) {
      worker.start().catch((error: unknown) => {
        // Those tell of an end, which is told by itself, or that the run is over.
        if (!(error instanceof WorkerError)) this.#listener.onNotStarted(worker.name, String(error));
      });
    }
    await Promise.all(consumers.slice(count).map((worker) => worker.stop()));
  }

  /** By their places, those that are gone included. */
  #consumers(): WorkerProcess[] {
    return this.#workers.filter(({ role }) => role === 'consumer');
  }

  #add(options: Omit<WorkerOptions, 'onStats' | 'onEnd'>): WorkerProcess {
    const worker: WorkerProcess = new WorkerProcess(this.#context, {
      ...options,
      onStats: (stats) => {
        this.#oomWatch.look(this.#context.clock.nowNs());
        this.#listener.onStats(worker.name, stats);
      },
      onEnd: (end) => this.#onEnd(end),
    });
    this.#workers.push(worker);
    return worker;
  }

  #isOutside(end: WorkerEnd | undefined): end is WorkerEnd {
    if (end === undefined || this.#outOfMemory.has(end)) return false;
    return end.reason === 'outside' || end.reason === 'ledger';
  }

  #onEnd(end: WorkerEnd): void {
    if (this.#oomWatch.claims(end)) this.#outOfMemory.add(end);
    this.#listener.onEnd(end);
  }

  #crashCause(end: WorkerEnd): WorkerCrash['cause'] | undefined {
    switch (end.reason) {
      case 'crashed':
        return end.signal === null ? 'error' : 'signal';
      case 'driver':
      case 'not-closed':
        return 'error';
      case 'deaf':
        return 'deaf';
      case 'outside':
        return this.#outOfMemory.has(end) ? 'out-of-memory' : undefined;
      case 'finished':
      case 'killed':
      case 'ledger':
        return undefined;
      default:
        return end.reason satisfies never;
    }
  }

  async #stop(role: WorkerOptions['role']): Promise<void> {
    await Promise.all(this.#workers.filter((worker) => worker.role === role).map((worker) => worker.stop()));
  }
}
