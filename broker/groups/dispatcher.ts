import type { Clock } from '../clock.js';
import type { Delivery, Handler } from './delivery.js';

export interface DispatcherOptions {
  readonly clock: Pick<Clock, 'soon'>;
  readonly handler: Handler;
  /** Handlers that may run at a time. */
  readonly concurrency: number;
  /** Whether handlers may start now: while settlements cannot be recorded, handled work would pile up. */
  mayStart(): boolean;
  onHandled(delivery: Delivery): void;
  onFailed(delivery: Delivery, error: unknown): void;
}

/** Handlers that return at once are called this often before the event loop gets a turn. */
const CALLS_PER_TURN = 256;

/** Calls the handler for messages in the order in which they became ready, `concurrency` at a time. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #queue: Delivery[] = [];
  #next = 0;
  #running = 0;
  #isPumping = false;
  #isScheduled = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** Puts a message at the end of the queue; {@link pump} starts it. */
  enqueue(delivery: Delivery): void {
    this.#queue.push(delivery);
  }

  /** Starts as many handlers as may run. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const { concurrency, mayStart } = this.#options;
    let calls = 0;
    try {
      while (this.#next < this.#queue.length && this.#running < concurrency && mayStart()) {
        if (calls++ === CALLS_PER_TURN) {
          this.#pumpNextTurn();
          break;
        }
        const delivery = this.#queue[this.#next++]!;
        if (!delivery.tenure.isOver) this.#start(delivery);
      }
      this.#compact();
    } finally {
      this.#isPumping = false;
    }
  }

  #start(delivery: Delivery): void {
    this.#running++;
    delivery.tenure.runningHandlers++;
    let result: unknown;
    try {
      result = this.#options.handler(delivery);
    } catch (error) {
      this.#finish(delivery, error, true);
      return;
    }
    if (isThenable(result)) {
      Promise.resolve(result).then(
        () => this.#finishAsync(delivery, undefined, false),
        (error) => this.#finishAsync(delivery, error, true),
      );
    } else this.#finish(delivery, undefined, false);
  }

  #finishAsync(delivery: Delivery, error: unknown, failed: boolean): void {
    this.#finish(delivery, error, failed);
    this.pump();
  }

  #finish(delivery: Delivery, error: unknown, failed: boolean): void {
    this.#running--;
    if (failed) this.#options.onFailed(delivery, error);
    else this.#options.onHandled(delivery);
    delivery.tenure.onHandlerReturned();
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
