import type { CancelTimer, Clock } from '../../../broker/clock.js';
import type { Random } from '../../../broker/random.js';
import type { Scheduler } from './scheduler.js';

export interface ProcessTime {
  /** How fast its clocks run: 1.001 gains a millisecond a second. */
  readonly rate: number;
  readonly monotonicStartMs: number;
  wallStartMs: number;
}

interface Held {
  readonly isTimer: boolean;
  run: (() => void) | undefined;
}

/** A process of the application: its clocks, its timers, and everything that reaches it from outside. */
export class SimProcess {
  readonly name: string;
  readonly random: Random;
  readonly clock: Clock;
  readonly time: ProcessTime;
  readonly #scheduler: Scheduler;
  readonly #bornMs: number;
  #state: 'running' | 'paused' | 'killed' = 'running';
  #held: Held[] = [];
  readonly #onKill: (() => void)[] = [];

  constructor(name: string, scheduler: Scheduler, random: Random, time: ProcessTime) {
    this.name = name;
    this.random = random;
    this.time = time;
    this.#scheduler = scheduler;
    this.#bornMs = scheduler.nowMs;
    this.clock = {
      nowMs: () => time.monotonicStartMs + this.#elapsedMs,
      wallMs: () => Math.floor(time.wallStartMs + this.#elapsedMs),
      after: (ms, callback) => this.#timer(Math.max(1, ms) / time.rate, callback),
      soon: (callback) => void this.#timer(0, callback),
    };
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isKilled(): boolean {
    return this.#state === 'killed';
  }

  /** Something reaches the process: it runs now, when the process goes on, or never. */
  deliver(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#held.push({ isTimer: false, run });
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** SIGCONT: what was held back happens at once, due timers first, as in libuv. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const item of [...held.filter(({ isTimer }) => isTimer), ...held.filter(({ isTimer }) => !isTimer)]) {
      this.#scheduler.after(0, () => {
        if (this.#state === 'running') item.run?.();
        else if (this.#state === 'paused') this.#held.push(item);
      });
    }
  }

  kill(): void {
    if (this.#state === 'killed') return;
    this.#state = 'killed';
    this.#held = [];
    for (const tell of this.#onKill) tell();
  }

  onKill(tell: () => void): void {
    this.#onKill.push(tell);
  }

  get #elapsedMs(): number {
    return (this.#scheduler.nowMs - this.#bornMs) * this.time.rate;
  }

  #timer(ms: number, callback: () => void): CancelTimer {
    const item: Held = { isTimer: true, run: callback };
    const cancel = this.#scheduler.after(ms, () => {
      if (this.#state === 'running') item.run?.();
      else if (this.#state === 'paused') this.#held.push(item);
    });
    return () => {
      cancel();
      item.run = undefined;
    };
  }
}
