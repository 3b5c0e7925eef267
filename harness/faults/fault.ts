import type { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Environment, ManagedProcess } from '../environment/environment.js';
import type { Toxiproxy } from './toxiproxy.js';

/** One kind of fault: one file, one entry in the registry. */
export interface FaultKind<Params extends Record<string, string | number> = Record<string, string | number>> {
  /** The key in the scenario: `latency: 20ms`. */
  readonly name: string;
  /** One sentence for `gauntlet list faults`. */
  readonly summary: string;
  /** A line of YAML. */
  readonly example: string;
  /**
   * Which of a scenario's keys carry parameters (the kind's own key included) and what they must be: takes the raw YAML
   * values, yields base units (ms, bytes, bytes/s). Strict: anything else is an error.
   */
  readonly params: z.ZodType<Params>;
  /** What it touches, from its parameters: for the cross-check against topology and workers. */
  target(params: Params): FaultTarget;
  /** Lifted this long after its injection where the scenario's `for` says nothing: `restart: 3s` of a kill. */
  liftAfterMs?(params: Params): number | undefined;
  /**
   * Puts the fault in place. Whatever was begun is undone by the returned `lift`, even if `prove` fails; an injection
   * that rejects has undone itself.
   */
  inject(context: FaultContext, params: Params, signal: AbortSignal): Promise<InjectedFault>;
}

export type FaultTarget =
  | { readonly kind: 'link'; readonly link: string }
  | { readonly kind: 'process'; readonly process: string };

export interface InjectedFault {
  /** What was done to whom, for the report: `latency 20ms on redis-1.clients, downstream`. */
  readonly description: string;
  /** Worker processes (`consumer-1`) or nodes that it touches. */
  readonly affected: readonly string[];
  /** Monotonic time at which it began, where that is well before the injection was complete (an orderly stop). */
  readonly sinceNs?: number;
  /** Looks for an effect, not for the API's word. */
  prove(signal: AbortSignal): Promise<Evidence>;
  /** Undoes it and sees that it is undone. Twice is safe. */
  lift(signal: AbortSignal): Promise<void>;
}

export interface Evidence {
  readonly tookHold: boolean;
  /** What was seen: `PING through redis-1.clients took 21.3 ms (0.2 ms before)`. */
  readonly observed: string;
}

export interface FaultContext {
  readonly environment: Environment;
  readonly toxiproxy: Toxiproxy;
  readonly workers: WorkerProcesses;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** Producer and consumer workers as faults see them: `consumer-1`, `producer-2`. */
export interface WorkerProcesses {
  names(): readonly string[];
  get(name: string): ManagedProcess | undefined;
}
