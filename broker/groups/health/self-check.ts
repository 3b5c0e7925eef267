import type { Clock } from '../../clock.js';
import type { Delivery } from '../delivery.js';
import type { OwnFinding } from './finding.js';
import { LoopWatch } from './loop-watch.js';
import type { MemberVitals } from './member-vitals.js';
import { Trigger } from './trigger.js';

export interface SelfCheckOptions {
  readonly clock: Clock;
  readonly stuckHandlerMs: number;
  readonly stalledLoopMs: number;
}

/** Handlers that are named. */
const NAMED = 3;
/** Reports in a row without half the delay, after which the event loop counts as prompt again. */
const PROMPT_REPORTS = 6;

/** What only a member itself can see: handlers that do not return, and an event loop that stands still. */
export class SelfCheck {
  readonly #options: SelfCheckOptions;
  readonly #loop: LoopWatch;
  readonly #stalled = new Trigger(1, PROMPT_REPORTS);
  /** That the finding names. */
  #worstDelayMs = 0;

  constructor(options: SelfCheckOptions) {
    this.#options = options;
    this.#loop = new LoopWatch(options.clock);
  }

  start(): void {
    this.#loop.start();
  }

  stop(): void {
    this.#loop.stop();
  }

  /** Looks at the handlers that run, and at the event loop since the last look. */
  look(running: readonly Delivery[]): Pick<MemberVitals, 'oldestMs' | 'loopDelayMs' | 'findings'> {
    const loopDelayMs = this.#loop.takeLargestMs();
    const nowMs = this.#options.clock.nowMs();
    const oldestMs = running.reduce((oldest, { startedAtMs }) => Math.max(oldest, nowMs - startedAtMs), 0);
    const findings = [...this.#stuck(running, nowMs), ...this.#stalls(loopDelayMs)];
    return { oldestMs, loopDelayMs, findings };
  }

  #stuck(running: readonly Delivery[], nowMs: number): OwnFinding[] {
    const stuck = running.filter(({ startedAtMs }) => nowMs - startedAtMs > this.#options.stuckHandlerMs);
    if (stuck.length === 0) return [];
    const handlers = stuck
      .sort((a, b) => a.startedAtMs - b.startedAtMs)
      .slice(0, NAMED)
      .map(({ partition, id, key, startedAtMs }) => ({ partition, id, key, ageMs: Math.round(nowMs - startedAtMs) }));
    return [{ kind: 'stuck', count: stuck.length, handlers }];
  }

  #stalls(delayMs: number): OwnFinding[] {
    const { stalledLoopMs } = this.#options;
    const wasRaised = this.#stalled.isRaised;
    const calm = delayMs < stalledLoopMs / 2 ? 'well' : 'between';
    if (!this.#stalled.step(delayMs > stalledLoopMs ? 'sick' : calm)) return [];
    this.#worstDelayMs = wasRaised ? Math.max(this.#worstDelayMs, delayMs) : delayMs;
    return [{ kind: 'stalled', loopDelayMs: Math.round(this.#worstDelayMs) }];
  }
}
