import type { CancelTimer, Clock } from '../clock.js';
import type { HandlingGate } from '../recovery/retries/handling-gate.js';
import type { ConcurrencyLimit } from './concurrency/concurrency-limit.js';
import { OverdueHandlings } from './concurrency/overdue-handlings.js';
import type { Delivery, Handler } from './delivery.js';
import type { HandlerMeter } from './health/handler-meter.js';
import type { Tenure } from './tenure.js';

export interface DispatcherOptions {
  readonly clock: Pick<Clock, 'soon' | 'nowMs' | 'after'>;
  readonly handler: Handler;
  /** Handlers that may run at a time. */
  readonly limit: ConcurrencyLimit;
  readonly meter: HandlerMeter;
  /** What may start at all. */
  readonly gate: Pick<HandlingGate, 'atMost' | 'admits' | 'begin' | 'handled' | 'failed' | 'dropEnded'>;
  onHandled(delivery: Delivery): void;
  onFailed(delivery: Delivery, error: unknown): void;
  /** A handler returned after its tenure was over. */
  onLeftoverReturned(delivery: Delivery): void;
}

/** Handlers that return at once are called this often before the event loop gets a turn. */
const CALLS_PER_TURN = 256;

/**
 * Calls the handler for messages in the order in which they became ready, as many at a time as the limit allows. Right before each, the
 * tenure says whether it may: after any stall of the process the lease may be another's.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #queue: Delivery[] = [];
  #next = 0;
  #running = 0;
  /** Those whose handlers did not return at once. */
  readonly #pending: Delivery[] = [];
  readonly #overdue = new OverdueHandlings();
  #isStopped = false;
  #isPaused = false;
  #onIdle: (() => void) | undefined;
  /** Of tenures that are to be given back. */
  readonly #idleWaiters = new Map<Tenure, () => void>();
  #isPumping = false;
  #isScheduled = false;
  /** To be handled while nothing else is; see {@link quiesce}. */
  #alone: Delivery | undefined;
  #aloneState: 'waiting' | 'quiet' | 'ready' | 'started' = 'waiting';
  #onQuiet: (() => void) | undefined;
  /** Handlers that it is not waited for: they have run for too long. */
  #disregarded = 0;
  #cancelPatience: CancelTimer | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** Whose handlers have not returned. */
  get pending(): readonly Delivery[] {
    return this.#pending;
  }

  /** Puts a message at the end of the queue; {@link pump} starts it. */
  enqueue(delivery: Delivery): void {
    this.#queue.push(delivery);
  }

  /** Puts it at the head of the queue. */
  enqueueFirst(delivery: Delivery): void {
    if (this.#next > 0) this.#queue[--this.#next] = delivery;
    else this.#queue.unshift(delivery);
  }

  /** Lets go of what tenures that are over have left in the queue: while handlers hang nothing else comes by it. */
  dropEnded(): void {
    this.#queue = this.#queue.slice(this.#next).filter(({ tenure }) => !tenure.isOver);
    this.#next = 0;
    this.#options.gate.dropEnded();
  }

  /** The tenure may handle again: what was set aside is ready. */
  resume(tenure: Tenure): void {
    if (tenure.stalled.length === 0 && this.#alone === undefined) return;
    for (const delivery of tenure.stalled) this.#queue.push(delivery);
    tenure.stalled = [];
    this.pump();
  }

  /** Handlers of a partition that run now. */
  runningOf(partition: number): Delivery[] {
    return this.#pending.filter((delivery) => delivery.partition === partition);
  }

  /**
   * Starts no handler until {@link releaseAlone}; resolves when none runs, or the message's tenure is over. Those that have not
   * returned within `patienceMs` are not waited for: they may never return.
   */
  async quiesce(delivery: Delivery, patienceMs: number): Promise<void> {
    this.#alone = delivery;
    this.#aloneState = 'waiting';
    this.#disregarded = 0;
    await new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
      this.#cancelPatience = this.#options.clock.after(patienceMs, () => {
        this.#disregarded = this.#running;
        this.pump();
      });
      this.pump();
    });
  }

  /** Handles the message for which the others wait. */
  startAlone(delivery: Delivery): void {
    if (this.#alone === delivery) this.#aloneState = 'ready';
    else this.enqueueFirst(delivery);
    this.pump();
  }

  /** The others wait for it no more, whether or not it was handled. */
  releaseAlone(delivery: Delivery): void {
    if (this.#alone === delivery) {
      if (this.#aloneState !== 'started') this.enqueueFirst(delivery);
      this.#endAlone();
    }
    this.pump();
  }

  /** Starts no handler until {@link unpause}. */
  pause(): void {
    this.#isPaused = true;
  }

  unpause(): void {
    this.#isPaused = false;
    this.pump();
  }

  /** Resolves when no handler of the tenure runs. For one of which none starts any more. */
  async idle(tenure: Tenure): Promise<void> {
    if (!this.#isRunning(tenure)) return;
    await new Promise<void>((resolve) => this.#idleWaiters.set(tenure, resolve));
  }

  /** Starts nothing more; resolves when no handler runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPatience?.();
    this.#onQuiet?.();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Starts as many handlers as may run. Also to be called now and then: handlers become overdue without a word. */
  pump(): void {
    if (this.#isPumping || this.#isStopped || this.#isPaused) return;
    this.#isPumping = true;
    const { clock, gate } = this.#options;
    let calls = 0;
    try {
      if (this.#alone !== undefined && !this.#isAloneDone(this.#alone)) return;
      while (this.#next < this.#queue.length && this.#alone === undefined && !this.#isStopped && !this.#isPaused) {
        const nowMs = clock.nowMs();
        if (!this.#hasRoom(nowMs)) break;
        if (calls++ === CALLS_PER_TURN) {
          this.#pumpNextTurn();
          break;
        }
        const delivery = this.#queue[this.#next++]!;
        if (delivery.tenure.mayHandle(nowMs)) {
          if (gate.admits(delivery, nowMs)) this.#start(delivery, nowMs);
        } else if (!delivery.tenure.isOver) delivery.tenure.stalled.push(delivery);
      }
      this.#compact();
      // Somebody is to be alone since then.
      if (this.#alone !== undefined) this.#pumpNextTurn();
    } finally {
      this.#isPumping = false;
    }
  }

  #hasRoom(nowMs: number): boolean {
    const { limit, gate } = this.#options;
    const running = this.#running;
    if (running < gate.atMost(limit.now(nowMs, 0), running)) return true;
    const places = limit.now(nowMs, this.#overdue.count(this.#pending, limit.overdueMs, nowMs));
    // One that the lease names waits for a place, and for nothing else: others wait for it.
    return running < (this.#queue[this.#next]!.isOnTrial ? places : gate.atMost(places, running));
  }

  /** Starts it where it may; whether others may start again. */
  #isAloneDone(delivery: Delivery): boolean {
    const nowMs = this.#options.clock.nowMs();
    const { tenure } = delivery;
    if (this.#aloneState === 'waiting' && this.#running <= this.#disregarded) {
      this.#aloneState = 'quiet';
      this.#cancelPatience?.();
      this.#onQuiet?.();
    } else if (this.#aloneState === 'ready' && tenure.mayHandle(nowMs)) {
      this.#aloneState = 'started';
      this.#start(delivery, nowMs);
    }
    if (tenure.isOver || (tenure.isLeaving && this.#aloneState !== 'started')) this.#endAlone();
    return this.#alone === undefined;
  }

  #endAlone(): void {
    this.#alone = undefined;
    this.#cancelPatience?.();
    this.#onQuiet?.();
  }

  #start(delivery: Delivery, nowMs: number): void {
    this.#options.gate.begin(delivery);
    delivery.startedAtMs = nowMs;
    const { entry, tenure } = delivery;
    if (entry !== undefined && entry.ordinal > (tenure.begun?.ordinal ?? 0)) tenure.begun = entry;
    this.#running++;
    let promise: Promise<unknown> | undefined;
    try {
      promise = promiseOf(this.#options.handler(delivery));
    } catch (error) {
      this.#finish(delivery, error, true);
      return;
    }
    if (promise === undefined) {
      this.#finish(delivery, undefined, false);
      return;
    }
    delivery.runningAt = this.#pending.length;
    this.#pending.push(delivery);
    promise.then(
      () => this.#finishAsync(delivery, undefined, false),
      (error) => this.#finishAsync(delivery, error, true),
    );
  }

  #finishAsync(delivery: Delivery, error: unknown, failed: boolean): void {
    const last = this.#pending.pop()!;
    if (last !== delivery) {
      this.#pending[delivery.runningAt] = last;
      last.runningAt = delivery.runningAt;
    }
    this.#finish(delivery, error, failed);
    const { tenure } = delivery;
    if (this.#idleWaiters.size > 0 && this.#idleWaiters.has(tenure) && !this.#isRunning(tenure)) {
      this.#idleWaiters.get(tenure)!();
      this.#idleWaiters.delete(tenure);
    }
    if (tenure.isOver) this.#options.onLeftoverReturned(delivery);
    this.pump();
  }

  #finish(delivery: Delivery, error: unknown, failed: boolean): void {
    const inFlight = this.#running-- - this.#overdue.without(delivery);
    const { clock, meter, limit, gate } = this.#options;
    const nowMs = clock.nowMs();
    const serviceMs = nowMs - delivery.startedAtMs;
    meter.count(serviceMs, failed);
    limit.returned(serviceMs, inFlight, failed, nowMs);
    if (failed) gate.failed(delivery, error);
    else gate.handled(delivery);
    if (failed) this.#options.onFailed(delivery, error);
    else this.#options.onHandled(delivery);
    if (this.#running === 0) this.#onIdle?.();
  }

  #isRunning(tenure: Tenure): boolean {
    return this.#pending.some((delivery) => delivery.tenure === tenure);
  }

  #pumpNextTurn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.soon(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  #compact(): void {
    if (this.#next === this.#queue.length) {
      if (this.#next > 0) this.#queue = [];
      this.#next = 0;
    } else if (this.#next > 4096 && this.#next * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
  }
}

/** Of what a handler has returned; undefined where there is nothing to wait for. Throws what looking at it throws. */
function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (typeof value !== 'object' || value === null || !('then' in value)) return undefined;
  const { then } = value;
  if (typeof then !== 'function') return undefined;
  // Somebody else's `then` may call back twice, at once, or throw: only the language's own is waited for as it is.
  return value instanceof Promise && then === Promise.prototype.then
    ? value
    : new Promise((resolve) => resolve(value as PromiseLike<unknown>));
}
