import type { OnBrokerEvent } from '../../broker-event.js';
import type { Clock } from '../../clock.js';
import type { Delivery } from '../../groups/delivery.js';
import type { Random } from '../../random.js';
import type { HandlingFailure } from '../retry-row.js';
import { hintsOf } from './error-hints.js';
import { HandlingGate } from './handling-gate.js';
import { RecoveryEstimator } from './recovery-estimator.js';
import { type RetryAnalytics, RetryCounts } from './retry-analytics.js';
import type { RetryOptions } from './retry-options.js';
import { retryDelayMs } from './retry-policy.js';

export interface RetrySchedulerOptions {
  readonly topic: string;
  readonly group: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly options: RetryOptions;
  readonly onEvent: OnBrokerEvent;
  /** What was kept back is ready again. */
  onReady(delivery: Delivery): void;
  /** More handlers may start than before. */
  onWake(): void;
}

/** So many of 1 try before what fails is likely well: without them nobody would see that it is well sooner than it was. */
const SCOUTS = 0.25;

/** Probes that fail are no attempts of their messages: so often. */
const FORGIVEN_PROBES = 3;

/**
 * Decides what follows a failed handling: another one, and when, or none; and whether a handling may begin at all, by its
 * {@link HandlingGate}. Learns by cause how long recovery takes: a message whose cause is going to last is not tried before.
 */
export class IntelligentRetryScheduler {
  readonly gate: HandlingGate;
  readonly #options: RetrySchedulerOptions;
  readonly #estimator = new RecoveryEstimator();
  readonly #counts = new RetryCounts();

  constructor(options: RetrySchedulerOptions) {
    const { breaker, budget, dependencyOf } = options.options;
    this.#options = options;
    this.gate = new HandlingGate({ ...options, breaker, budget, dependencyOf });
  }

  /**
   * How long to wait before the next attempt; undefined: none is worth it. The failure is the delivery's latest, and counted
   * among its attempts.
   */
  decide(delivery: Delivery, failure: HandlingFailure, error: unknown): number | undefined {
    const { clock, options, random } = this.#options;
    const nowMs = clock.nowMs();
    const { policy } = options;
    this.#counts.onFailure(delivery.failedAttempts, failure, nowMs - delivery.startedAtMs);
    this.#estimator.onFailure(failure.fingerprint, nowMs);
    if (delivery.probes !== undefined && !failure.permanent && delivery.forgivenProbes < FORGIVEN_PROBES) {
      delivery.forgivenProbes++;
      delivery.forgivenAttempts++;
    }
    delivery.probes = undefined;
    const counted = delivery.failedAttempts - delivery.forgivenAttempts;
    if (failure.permanent || counted >= policy.maxAttempts) return undefined;
    const plainMs = retryDelayMs(policy, Math.max(1, counted), delivery.delayMs, random);
    delivery.delayMs = plainMs;
    const remainingMs = this.#estimator.remainingMs(failure.fingerprint, nowMs) * this.#patience();
    const { retryAfterMs } = hintsOf(error, clock.wallMs());
    const askedMs = retryAfterMs === 0 ? 0 : Math.min(policy.retryAfterCapMs, retryAfterMs + plainMs);
    return Math.max(Math.min(policy.capMs, remainingMs + plainMs), askedMs);
  }

  /** The part of what an outage is going to last that a message waits. */
  #patience(): number {
    const { random } = this.#options;
    return random() < SCOUTS ? random() : 1;
  }

  /** A message is not tried again. */
  givenUp({ failures }: Delivery): void {
    const last = failures.at(-1);
    if (last !== undefined) this.#counts.onGivenUp(last);
  }

  /** A message that had failed is handled. */
  recovered({ attempt, failures }: Delivery): void {
    const { clock } = this.#options;
    const last = failures.at(-1);
    if (last === undefined) return;
    this.#estimator.onRecovery(last.fingerprint, clock.nowMs());
    this.#counts.onRecovery(attempt, last, clock.wallMs() - failures[0]!.atMs);
  }

  analytics(): RetryAnalytics {
    const { gate } = this;
    return this.#counts.read({
      ...gate.handlings,
      budget: gate.budget ?? null,
      breakers: gate.breakers(),
      recoveryMs: (fingerprint) => this.#estimator.estimateMs(fingerprint),
    });
  }
}
