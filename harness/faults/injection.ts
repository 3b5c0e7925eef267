import { type Clock, NS_PER_MS } from '../clock.js';
import type { FaultRecord } from '../ledger/history.js';
import type { FaultSpec } from '../scenario/scenario.js';
import { withDeadline } from './deadline.js';
import type { FaultContext, FaultKind, InjectedFault } from './fault.js';
import { FaultError } from './fault-error.js';
import type { PlannedInjection } from './schedule.js';

/** Longest times; each includes what the fault kinds themselves wait for at most. */
const INJECT_DEADLINE_MS = 120_000;
const PROOF_DEADLINE_MS = 30_000;
const PROOF_PAUSE_MS = 500;
const LIFT_DEADLINE_MS = 90_000;

export interface InjectionEvent {
  readonly atNs: number;
  /** `x`, `x#2`. */
  readonly fault: string;
  readonly what: 'injected' | 'took-hold' | 'no-effect' | 'failed' | 'lifted' | 'not-lifted';
  readonly text: string;
}

/** One injection of a fault, from the plan to its lifting. Whatever was put in place is kept until it is undone. */
export class Injection {
  readonly planned: PlannedInjection;
  readonly #spec: FaultSpec;
  readonly #kind: FaultKind;
  readonly #context: FaultContext;
  readonly #clock: Clock;
  readonly #onEvent: (event: InjectionEvent) => void;
  #injected: InjectedFault | undefined;
  #injectedNs: number | undefined;
  #liftedNs: number | undefined;
  #tookHold = false;
  #observed = 'not run';
  #proof: Promise<void> = Promise.resolve();
  /** Aborted when it is to be lifted: no further attempt to prove it. */
  readonly #ending = new AbortController();
  #lifting: Promise<void> | undefined;
  #problem: string | undefined;
  /** An injection that was given up on and may still come to its end. */
  #late: Promise<InjectedFault> | undefined;

  constructor(
    planned: PlannedInjection,
    spec: FaultSpec,
    kind: FaultKind,
    context: FaultContext,
    onEvent: (event: InjectionEvent) => void,
  ) {
    this.planned = planned;
    this.#spec = spec;
    this.#kind = kind;
    this.#context = context;
    this.#clock = context.clock;
    this.#onEvent = onEvent;
  }

  get injectedNs(): number | undefined {
    return this.#injectedNs;
  }

  get liftedNs(): number | undefined {
    return this.#liftedNs;
  }

  /** Why it could not be undone; undefined: it was, or there was nothing to undo. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** When it is to be lifted; undefined: when the load ends, or it is not in place. */
  get liftDueAfterMs(): number | undefined {
    return this.#spec.forMs ?? this.#kind.liftAfterMs?.(this.#spec.params);
  }

  /** It will not be run, and this is why. */
  skip(reason: string): void {
    this.#observed = `not run: ${reason}`;
  }

  /** Puts the fault in place and begins its proof. Never rejects: a failure is recorded. */
  async inject(signal: AbortSignal): Promise<void> {
    let injecting: Promise<InjectedFault> | undefined;
    try {
      this.#injected = await withDeadline(
        (either) => {
          injecting = this.#kind.inject(this.#context, this.#spec.params, either);
          return injecting;
        },
        this.#within(INJECT_DEADLINE_MS, 'injecting'),
        signal,
      );
    } catch (error) {
      this.#late = injecting;
      this.#observed = `not injected: ${messageOf(error)}`;
      this.#emit('failed', this.#observed);
      return;
    }
    this.#injectedNs = this.#injected.sinceNs ?? this.#clock.nowNs();
    this.#observed = 'injected, not yet proved';
    this.#emit('injected', this.#injected.description);
    this.#proof = this.#proveWhileInPlace(this.#injected, signal);
  }

  /** Undoes it, after its proof is done. Twice is safe, and tries again what failed. Never rejects. */
  lift(): Promise<void> {
    this.#lifting ??= this.#lift().finally(() => {
      if (this.#problem !== undefined) this.#lifting = undefined;
    });
    return this.#lifting;
  }

  record(): FaultRecord {
    return {
      id: this.planned.id,
      kind: this.#kind.name,
      description: this.#injected?.description ?? this.#kind.summary,
      plannedNs: this.planned.plannedNs,
      injectedNs: this.#injectedNs,
      liftedNs: this.#liftedNs,
      tookHold: this.#tookHold,
      observed: this.#observed,
      affected: this.#injected?.affected ?? [],
    };
  }

  /**
   * Until it is seen to have taken hold, at least once and not beyond the time at which it is to be lifted: another fault
   * (a paused server) or a stall of the machine can hide an effect for a while.
   */
  async #proveWhileInPlace(injected: InjectedFault, signal: AbortSignal): Promise<void> {
    const untilNs = (this.#injectedNs ?? 0) + Math.min(this.liftDueAfterMs ?? Infinity, PROOF_DEADLINE_MS) * NS_PER_MS;
    for (;;) {
      await this.#prove(injected, signal);
      const leftMs = (untilNs - this.#clock.nowNs()) / NS_PER_MS;
      if (this.#tookHold || leftMs <= PROOF_PAUSE_MS || this.#ending.signal.aborted || signal.aborted) break;
      await this.#clock.sleep(PROOF_PAUSE_MS, AbortSignal.any([this.#ending.signal, signal])).catch(() => {});
    }
    this.#emit(this.#tookHold ? 'took-hold' : 'no-effect', this.#observed);
  }

  async #prove(injected: InjectedFault, signal: AbortSignal): Promise<void> {
    try {
      const evidence = await withDeadline(
        (either) => injected.prove(either),
        this.#within(PROOF_DEADLINE_MS, 'proving'),
        signal,
      );
      this.#tookHold = evidence.tookHold;
      this.#observed = evidence.observed;
    } catch (error) {
      this.#observed = `not proved: ${messageOf(error)}`;
    }
  }

  async #lift(): Promise<void> {
    this.#ending.abort();
    await this.#proof;
    if (this.#injected === undefined && this.#late === undefined) return;
    try {
      await withDeadline(
        async (signal) => {
          const injected = this.#injected ?? (await this.#late?.catch(() => undefined));
          await injected?.lift(signal);
        },
        this.#within(LIFT_DEADLINE_MS, 'lifting'),
      );
    } catch (error) {
      this.#problem = `${this.planned.id} (${this.#injected?.description ?? this.#kind.name}) could not be undone: ${messageOf(error)}`;
      this.#emit('not-lifted', this.#problem);
      return;
    }
    this.#problem = undefined;
    if (this.#injected === undefined) return;
    this.#liftedNs = this.#clock.nowNs();
    this.#emit('lifted', this.#injected.description);
  }

  #within(deadlineMs: number, doing: string) {
    const late = () =>
      new FaultError(
        'too-slow',
        `${doing} ${this.planned.id} took longer than ${deadlineMs / 1000} s and was given up`,
      );
    return { clock: this.#clock, deadlineMs, late };
  }

  #emit(what: InjectionEvent['what'], text: string): void {
    this.#onEvent({ atNs: this.#clock.nowNs(), fault: this.planned.id, what, text });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
