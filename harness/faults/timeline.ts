import { setMaxListeners } from 'node:events';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { FaultRecord } from '../ledger/history.js';
import type { LoadPlan } from '../load/plan.js';
import type { FaultSpec, Scenario } from '../scenario/scenario.js';
import type { FaultContext, FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { Injection, type InjectionEvent } from './injection.js';
import { FAULT_KINDS } from './registry.js';
import { type Anchor, anchorOf, type PlannedInjection, plannedInjections } from './schedule.js';

export interface TimelineOptions {
  readonly faults: Scenario['faults'];
  readonly plan: Pick<LoadPlan, 'phases' | 'endNs'>;
  /** Monotonic time of the start of the load. */
  readonly startNs: number;
  readonly context: FaultContext;
  readonly clock: Clock;
  readonly onEvent: (event: InjectionEvent) => void;
  /** Those of the registry, unless given. */
  readonly kinds?: readonly FaultKind[];
}

/** The faults of a run, beside its load. Disposing of it is {@link liftAll}. */
export interface Timeline extends AsyncDisposable {
  /** One record for each injection, in the order of their plan; final after {@link liftAll}. */
  records(): readonly FaultRecord[];
  /** Faults that could not be undone: each makes the run inconclusive and needs a person. */
  problems(): readonly string[];
  /** For the end of the load, an error or an interruption: injects nothing more and lifts everything, last in first out. Twice is safe. */
  liftAll(): Promise<void>;
}

/** Starts the timeline. `signal` ends injecting and proving; what is in place stays so until `liftAll`. */
export function runTimeline(options: TimelineOptions, signal: AbortSignal): Timeline {
  return new FaultTimeline(options, signal);
}

class FaultTimeline implements Timeline {
  readonly #options: TimelineOptions;
  readonly #kinds: ReadonlyMap<string, FaultKind>;
  readonly #signal: AbortSignal;
  readonly #ended = new AbortController();
  /** Aborted when nothing more may be injected: the load ended, or the run was given up. */
  readonly #over: AbortSignal;
  readonly #endNs: number;
  readonly #injections: Injection[] = [];
  /** In the order in which they were injected. */
  readonly #inPlace: Injection[] = [];
  readonly #edges = new Map<string, Edge>();
  readonly #flows: Promise<void>[];

  constructor(options: TimelineOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#over = AbortSignal.any([this.#ended.signal, signal]);
    // One listener for each injection that is still to come: as many as the scenario asks for, no leak.
    setMaxListeners(0, this.#over);
    this.#kinds = kindsOf(options);
    this.#endNs = options.startNs + options.plan.endNs;
    for (const { id } of options.faults) {
      this.#edges.set(`${id} injected`, new Edge());
      this.#edges.set(`${id} lifted`, new Edge());
    }
    this.#flows = options.faults.map((fault) => this.#runFault(fault));
  }

  records(): readonly FaultRecord[] {
    return this.#injections.map((injection) => injection.record()).sort((a, b) => a.plannedNs - b.plannedNs);
  }

  problems(): readonly string[] {
    return this.#injections.flatMap(({ problem }) => problem ?? []);
  }

  async liftAll(): Promise<void> {
    this.#ended.abort(new FaultError('not-running', 'the load ended'));
    await Promise.all(this.#flows);
    for (const injection of this.#inPlace.toReversed()) await injection.lift();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.liftAll();
  }

  async #runFault(fault: FaultSpec): Promise<void> {
    const { plan, startNs } = this.#options;
    const anchor = anchorOf(fault.at, plan.phases, startNs);
    const anchorNs = anchor.kind === 'moment' ? anchor.ns : await this.#edge(anchor).happened(this.#over);
    if (anchorNs === undefined) {
      const { fault: other, edge } = anchor as Anchor & { kind: 'event' };
      this.#plan({ id: fault.id, plannedNs: this.#endNs }, fault).skip(`${other} was not ${edge}`);
      this.#settle(fault.id, undefined);
      return;
    }
    const planned = plannedInjections(fault, anchorNs);
    await Promise.all(planned.map((one) => this.#runInjection(this.#plan(one, fault), fault)));
    this.#settle(fault.id, undefined);
  }

  async #runInjection(injection: Injection, fault: FaultSpec): Promise<void> {
    const { plannedNs } = injection.planned;
    if (plannedNs >= this.#endNs) return injection.skip('due after the end of the load');
    if (!(await this.#sleepUntil(plannedNs))) return injection.skip('the run ended first');
    this.#inPlace.push(injection);
    await injection.inject(this.#signal);
    const first = injection.planned.id === fault.id;
    if (first) this.#edges.get(`${fault.id} injected`)?.settle(injection.injectedNs);
    const { injectedNs, liftDueAfterMs } = injection;
    if (injectedNs === undefined || liftDueAfterMs === undefined) return;
    if (!(await this.#sleepUntil(injectedNs + liftDueAfterMs * NS_PER_MS))) return;
    await injection.lift();
    if (first) this.#edges.get(`${fault.id} lifted`)?.settle(injection.liftedNs);
  }

  #plan(planned: PlannedInjection, fault: FaultSpec): Injection {
    const kind = this.#kinds.get(fault.kind) as FaultKind;
    const injection = new Injection(planned, fault, kind, this.#options.context, this.#options.onEvent);
    this.#injections.push(injection);
    return injection;
  }

  /** false: nothing more may be injected. */
  async #sleepUntil(ns: number): Promise<boolean> {
    const { clock } = this.#options;
    try {
      for (;;) {
        const leftMs = (ns - clock.nowNs()) / NS_PER_MS;
        if (leftMs <= 0) return !this.#over.aborted;
        await clock.sleep(leftMs, this.#over);
      }
    } catch {
      return false;
    }
  }

  #edge({ fault, edge }: Anchor & { kind: 'event' }): Edge {
    return this.#edges.get(`${fault} ${edge}`) ?? new Edge();
  }

  #settle(id: string, ns: number | undefined): void {
    this.#edges.get(`${id} injected`)?.settle(ns);
    this.#edges.get(`${id} lifted`)?.settle(ns);
  }
}

/** The kinds of all faults, by name. Throws {@link FaultError} `unknown-kind`. */
function kindsOf({ faults, kinds = FAULT_KINDS }: TimelineOptions): Map<string, FaultKind> {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  for (const { id, kind } of faults) {
    if (byName.has(kind)) continue;
    const known = [...byName.keys()].join(', ');
    throw new FaultError('unknown-kind', `Fault ${id} is a "${kind}", which does not exist; there are ${known}`);
  }
  return byName;
}

/** The moment at which a fault was injected or lifted for the first time, or that it never will be. */
class Edge {
  readonly #promise: Promise<number | undefined>;
  #resolve: (ns: number | undefined) => void = () => {};

  constructor() {
    this.#promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The first call counts. */
  settle(ns: number | undefined): void {
    this.#resolve(ns);
  }

  happened(signal: AbortSignal): Promise<number | undefined> {
    const given = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return Promise.race([this.#promise, given]);
  }
}
