import type { CancelTimer, Clock } from '../../clock.js';
import { Fifo } from '../../fifo.js';
import type { Delivery } from '../../groups/delivery.js';
import type { Random } from '../../random.js';
import { type BreakerOptions, type BreakerState, CircuitBreaker } from './circuit-breaker.js';

/** What became of a handling. `permanent`: the message is to blame, so it says nothing of what others would meet. */
export type HandlingOutcome = 'handled' | 'failed' | 'permanent';

export interface BreakerScopeOptions {
  /** Undefined: the handler itself. */
  readonly dependency: string | undefined;
  readonly breaker: BreakerOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** It is another state, and for how long it stays open. */
  onState(state: BreakerState, openMs: number, reason: string): void;
  /** What waited is to be asked about again. */
  onReady(delivery: Delivery): void;
  /** More may start than before. */
  onWake(): void;
}

/** How a breaker stands. */
export interface BreakerView {
  /** Undefined: the handler. */
  readonly dependency: string | undefined;
  readonly state: BreakerState;
  readonly failureRatio: number;
  /** Time in this state. */
  readonly forMs: number;
  /** Messages that wait for it. */
  readonly waiting: number;
}

const RAMP_MS = 1_000;
/** What is to probe has begun by then, or may never. */
const OFFER_MS = 1_000;
/** From here on a ramp holds nothing back. */
const RAMP_ENDS = 256;

/**
 * One breaker, and what needs it: all that a handler gets, or the messages of one dependency. After it was open not everything starts
 * at once: one at a time, one more with each that is handled, and twice as many each second, lest those that hang stop it.
 */
export class BreakerScope {
  readonly dependency: string | undefined;
  readonly #options: BreakerScopeOptions;
  readonly #breaker: CircuitBreaker;
  readonly #waiting = new Fifo<Delivery>();
  /** Handled since the breaker was told. */
  #handled = 0;
  /** Whose outcome is waited for. */
  #probe: Delivery | undefined;
  /** Of the failure before. */
  #failedKey: string | undefined;
  #isStopped = false;
  #ramp = RAMP_ENDS;
  #running = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: BreakerScopeOptions) {
    this.#options = options;
    this.dependency = options.dependency;
    this.#breaker = new CircuitBreaker(options.breaker, options.random, options.clock.nowMs());
  }

  /** How many may run at a time, where `limit` would and `running` do. */
  atMost(limit: number, running: number): number {
    if (this.isFree) return limit;
    const { state, isProbing } = this.#breaker;
    if (state === 'closed') return Math.min(limit, this.#ramp);
    return state === 'open' || isProbing ? 0 : Math.min(limit, running + 1);
  }

  /** Nothing is held back. */
  get isFree(): boolean {
    return this.#ramp === RAMP_ENDS && this.#breaker.state === 'closed';
  }

  /** Whether one more may start now. */
  get mayStart(): boolean {
    return this.isFree || this.#running < this.atMost(Number.POSITIVE_INFINITY, this.#running);
  }

  /** Keeps it until it may be asked about again. */
  wait(delivery: Delivery): void {
    this.#waiting.push(delivery);
  }

  begin(delivery: Delivery): void {
    this.#running++;
    if (this.#breaker.state !== 'half-open' || this.#breaker.isProbing) return;
    this.#breaker.beginProbe();
    this.#probe = delivery;
    delivery.probes = [...(delivery.probes ?? []), this];
    // One that hangs must not be the last one.
    this.#arm(this.#options.breaker.maxOpenMs, () => this.#endProbe(true, 'the probe has not returned'));
  }

  /** It does not run any more. */
  left(): void {
    this.#running--;
  }

  /** A handling that {@link begin} knows, or that names this dependency, has ended. */
  ended(delivery: Delivery, outcome: HandlingOutcome, reason: string): void {
    if (delivery === this.#probe) {
      if (outcome !== 'permanent') {
        this.#endProbe(outcome === 'failed', reason);
        return;
      }
      this.#probe = undefined;
      this.#breaker.abandonProbe();
      this.#offer();
      return;
    }
    if (outcome === 'handled') {
      this.#handled++;
      if (this.#ramp < RAMP_ENDS) this.#ramp++;
    } else if (outcome === 'failed') {
      const handled = this.#handled;
      this.#handled = 0;
      if (this.#breaker.count(handled, 1, this.#nowMs, this.#isNew(delivery))) this.#opened(reason);
    }
    if (!this.isFree) this.#release();
  }

  /** What was only counted is told to the breaker, as of the time at which that was: now and then, and with each failure. */
  tell(countedAtMs: number): void {
    if (this.#handled === 0) return;
    this.#breaker.count(this.#handled, 0, countedAtMs);
    this.#handled = 0;
  }

  dropEnded(): void {
    for (let left = this.#waiting.length; left > 0; left--) {
      const delivery = this.#waiting.shift()!;
      if (!delivery.tenure.isOver) this.#waiting.push(delivery);
    }
  }

  /** For good: handlers that still run begin nothing. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  view(): BreakerView {
    const { state, sinceMs } = this.#breaker;
    const nowMs = this.#nowMs;
    const failureRatio = this.#breaker.failureRatio(nowMs);
    return { dependency: this.dependency, state, failureRatio, forMs: nowMs - sinceMs, waiting: this.#waiting.length };
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #isNew({ isRetry, key }: Delivery): boolean {
    if (isRetry || (key !== undefined && key === this.#failedKey)) return false;
    this.#failedKey = key;
    return true;
  }

  #endProbe(failed: boolean, reason: string): void {
    this.#probe = undefined;
    this.#breaker.endProbe(failed, this.#nowMs);
    if (failed) this.#opened(reason);
    else {
      this.#handled = 0;
      this.#ramp = 1;
      this.#arm(RAMP_MS, () => this.#climb());
      this.#options.onState('closed', 0, 'a probe was handled');
      this.#release();
    }
  }

  #opened(reason: string): void {
    const openMs = Math.max(1, this.#breaker.untilMs - this.#nowMs);
    this.#arm(openMs, () => this.#halfOpen());
    this.#options.onState('open', Math.round(openMs), reason);
  }

  #halfOpen(): void {
    this.#breaker.look(this.#breaker.untilMs);
    this.#options.onState('half-open', 0, 'one message probes');
    this.#offer();
  }

  /** Lets one go that may probe, and another one where that has not begun in time: it may be of a tenure that is over. */
  #offer(): void {
    this.#arm(OFFER_MS, () => {
      if (this.#waiting.length > 0) this.#offer();
    });
    this.#release();
  }

  #climb(): void {
    this.#ramp = Math.min(RAMP_ENDS, this.#ramp * 2);
    if (this.#ramp < RAMP_ENDS) this.#arm(RAMP_MS, () => this.#climb());
    this.#release();
  }

  /** As many as may start now. */
  #release(): void {
    if (this.#isStopped) return;
    let free = this.atMost(Number.POSITIVE_INFINITY, this.#running) - this.#running;
    while (free > 0 && this.#waiting.length > 0) {
      const delivery = this.#waiting.shift()!;
      if (delivery.tenure.isOver) continue;
      this.#options.onReady(delivery);
      free--;
    }
    this.#options.onWake();
  }

  #arm(ms: number, then: () => void): void {
    this.#cancelTimer?.();
    if (this.#isStopped) return;
    this.#cancelTimer = this.#options.clock.after(ms, then);
  }
}
