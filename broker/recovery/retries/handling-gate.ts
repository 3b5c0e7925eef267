import type { OnBrokerEvent } from '../../broker-event.js';
import type { CancelTimer, Clock } from '../../clock.js';
import { Fifo } from '../../fifo.js';
import type { Delivery, IncomingMessage } from '../../groups/delivery.js';
import type { Random } from '../../random.js';
import { isPermanent } from '../retry-row.js';
import { BreakerScope, type BreakerView } from './breaker-scope.js';
import type { BreakerOptions } from './circuit-breaker.js';
import { hintsOf } from './error-hints.js';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.js';

/** Which dependency a message needs; undefined: none that others do not need. */
export type DependencyOf = (message: IncomingMessage) => string | undefined;

export interface HandlingGateOptions {
  readonly topic: string;
  readonly group: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly breaker: BreakerOptions | undefined;
  readonly budget: RetryBudgetOptions | undefined;
  readonly dependencyOf: DependencyOf | undefined;
  readonly onEvent: OnBrokerEvent;
  /** What the gate kept is ready again: behind those that are. */
  onReady(delivery: Delivery): void;
  /** More may start than before. */
  onWake(): void;
}

const SLICE_MS = 1_000;
const POSTPONED_LOOK_MS = 100;
/** What needs others counts for the handler. */
const MOST_DEPENDENCIES = 100;
const REASON_CHARACTERS = 200;

/**
 * Stands between ready messages and their handlers: while a breaker is open nothing that needs it starts, and nothing fails for
 * it; retries that the budget does not cover wait. What waits is kept here, and is within what a member reads ahead. A message that
 * nothing is in the way of costs a few comparisons.
 */
export class HandlingGate {
  readonly #options: HandlingGateOptions;
  readonly #budget: RetryBudget | undefined;
  readonly #handler: BreakerScope | undefined;
  readonly #dependencies = new Map<string, BreakerScope>();
  readonly #postponed = new Fifo<Delivery>();
  /** They waited for the budget, and are on their way to it again: what they are going to take is not another one's. */
  readonly #turns = new Set<Delivery>();
  #cancelLook: CancelTimer | undefined;
  #fresh = 0;
  #freshTold = 0;
  #retries = 0;
  #postponements = 0;
  #sliceEndMs = 0;
  #isStopped = false;

  constructor(options: HandlingGateOptions) {
    this.#options = options;
    this.#budget = options.budget && new RetryBudget(options.budget);
    this.#handler = this.#scope(undefined);
  }

  /** Handlings of messages for the first time, since a redrive where there was one; and of others. */
  get handlings(): { readonly fresh: number; readonly retries: number } {
    return { fresh: this.#fresh, retries: this.#retries };
  }

  /** How often a retry had to wait for the budget, how many wait now, and how many might start. */
  get budget(): { readonly postponed: number; readonly waiting: number; readonly balance: number } | undefined {
    if (this.#budget === undefined) return undefined;
    const balance = this.#budget.balance(this.#options.clock.nowMs());
    return { postponed: this.#postponements, waiting: this.#postponed.length, balance };
  }

  breakers(): BreakerView[] {
    return this.#scopes().map((scope) => scope.view());
  }

  /** How many handlers may run at a time, where `limit` would and `running` do. */
  atMost(limit: number, running: number): number {
    return this.#handler === undefined ? limit : this.#handler.atMost(limit, running);
  }

  /** Whether its handler may be called now; else it comes back by `onReady`. */
  admits(delivery: Delivery, nowMs: number): boolean {
    if (nowMs >= this.#sliceEndMs) this.#turn(nowMs);
    if (delivery.isOnTrial) return true;
    const needed = this.#options.dependencyOf && this.#neededBy(delivery);
    if (needed !== undefined && !needed.mayStart) {
      this.#turns.delete(delivery);
      needed.wait(delivery);
      return false;
    }
    // Last: what is withdrawn starts, so that nothing is saved up for when a breaker closes.
    return !delivery.isRetry || this.#covers(delivery, nowMs);
  }

  /** Its handler is called: where it was admitted, or whatever stands in the way. */
  begin(delivery: Delivery): void {
    if (delivery.dependency !== undefined) this.#dependencies.get(delivery.dependency)?.begin(delivery);
    this.#handler?.begin(delivery);
    if (delivery.isRetry) this.#retries++;
    else this.#fresh++;
  }

  /** Its handler has returned. */
  handled(delivery: Delivery): void {
    const needed = this.#leave(delivery);
    needed?.ended(delivery, 'handled', '');
    this.#handler?.ended(delivery, 'handled', '');
    delivery.probes = undefined;
  }

  /** Its handler has thrown. Counts for what the error names, for what the message needs, or else for the handler. */
  failed(delivery: Delivery, error: unknown): void {
    const needed = this.#leave(delivery);
    const { dependency: named } = hintsOf(error, 0);
    const blamed = (named === undefined ? needed : this.#known(named)) ?? this.#handler;
    const outcome = isPermanent(error) ? 'permanent' : 'failed';
    const reason = textOf(error);
    blamed?.ended(delivery, outcome, reason);
    // Whoever probes something else has learned nothing of that.
    for (const scope of delivery.probes ?? []) if (scope !== blamed) scope.ended(delivery, 'permanent', reason);
  }

  /** Lets go of what tenures that are over have left. */
  dropEnded(): void {
    for (let left = this.#postponed.length; left > 0; left--) {
      const delivery = this.#postponed.shift()!;
      if (!delivery.tenure.isOver) this.#postponed.push(delivery);
    }
    this.#dropTurns();
    for (const scope of this.#scopes()) scope.dropEnded();
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelLook?.();
    for (const scope of this.#scopes()) scope.stop();
  }

  #leave(delivery: Delivery): BreakerScope | undefined {
    const needed = delivery.dependency === undefined ? undefined : this.#dependencies.get(delivery.dependency);
    needed?.left();
    this.#handler?.left();
    return needed;
  }

  /** Where a retry is not covered it waits behind those that were due before. */
  #covers(delivery: Delivery, nowMs: number): boolean {
    const budget = this.#budget;
    if (budget === undefined) return true;
    const isItsTurn = this.#turns.delete(delivery);
    const isFree = isItsTurn || (this.#postponed.length === 0 && budget.balance(nowMs) - this.#turns.size >= 1);
    if (isFree && budget.withdraw(nowMs)) return true;
    this.#postponements++;
    this.#postponed.push(delivery);
    this.#lookLater();
    return false;
  }

  #lookAtPostponed(): void {
    const { clock, onReady, onWake } = this.#options;
    const nowMs = clock.nowMs();
    this.#turn(nowMs);
    this.#dropTurns();
    // While the handler itself is held back they stay here, in the order in which they were due.
    const isOpen = this.#handler === undefined || this.#handler.atMost(1, 0) > 0;
    let free = isOpen ? this.#budget!.balance(nowMs) - this.#turns.size : 0;
    for (let next = this.#postponed.first; next !== undefined; next = this.#postponed.first) {
      if (!next.tenure.isOver) {
        if (free < 1) break;
        free--;
        this.#turns.add(next);
        onReady(next);
      }
      this.#postponed.shift();
    }
    if (this.#postponed.length > 0) this.#lookLater();
    onWake();
  }

  #dropTurns(): void {
    for (const delivery of this.#turns) if (delivery.tenure.isOver) this.#turns.delete(delivery);
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#cancelLook ??= this.#options.clock.after(POSTPONED_LOOK_MS, () => {
      this.#cancelLook = undefined;
      this.#lookAtPostponed();
    });
  }

  #neededBy(delivery: Delivery): BreakerScope | undefined {
    delivery.dependency = nameFrom(this.#options.dependencyOf!, delivery);
    return delivery.dependency === undefined ? undefined : this.#known(delivery.dependency);
  }

  #known(dependency: string): BreakerScope | undefined {
    const known = this.#dependencies.get(dependency);
    // Where nobody says which messages need it, nothing could be kept back for it alone.
    if (known !== undefined || this.#options.dependencyOf === undefined) return known;
    const scope = this.#dependencies.size < MOST_DEPENDENCIES ? this.#scope(dependency) : undefined;
    if (scope !== undefined) this.#dependencies.set(dependency, scope);
    return scope;
  }

  #scope(dependency: string | undefined): BreakerScope | undefined {
    const { breaker, clock, random, topic, group, onEvent, onReady, onWake } = this.#options;
    if (breaker === undefined) return undefined;
    return new BreakerScope({
      dependency,
      breaker,
      clock,
      random,
      onReady,
      onWake,
      onState: (state, openMs, reason) => onEvent({ kind: 'breaker', topic, group, dependency, state, openMs, reason }),
    });
  }

  #scopes(): BreakerScope[] {
    return [...(this.#handler === undefined ? [] : [this.#handler]), ...this.#dependencies.values()];
  }

  /** Once a second what was only counted is told. */
  #turn(nowMs: number): void {
    const countedAtMs = Math.max(0, this.#sliceEndMs - SLICE_MS);
    this.#budget?.deposit(this.#fresh - this.#freshTold, countedAtMs);
    this.#freshTold = this.#fresh;
    this.#sliceEndMs = (Math.floor(nowMs / SLICE_MS) + 1) * SLICE_MS;
    for (const scope of this.#scopes()) scope.tell(countedAtMs);
  }
}

/** What the application says; nothing where it throws. */
function nameFrom(ask: DependencyOf, delivery: Delivery): string | undefined {
  try {
    const name: unknown = ask(delivery);
    return typeof name === 'string' && name.length > 0 ? name : undefined;
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  try {
    return String(error).slice(0, REASON_CHARACTERS);
  } catch {
    return 'it cannot be shown';
  }
}
