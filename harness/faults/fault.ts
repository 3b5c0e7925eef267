import type { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Environment, ManagedProcess } from '../environment/environment.js';
import type { FaultParam, Topology } from '../scenario/scenario.js';
import type { Toxiproxy } from './toxiproxy.js';

/** One kind of fault: one file, one entry in the registry. */
export interface FaultKind<Params extends FaultParams = FaultParams> {
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
  targets(params: Params): readonly FaultTarget[];
  /** Where it can be done; undefined: everywhere. */
  readonly topologies?: readonly Topology[];
  /** Consumers lose their connection, their master or what they had settled by it: that explains duplicates. */
  readonly cutsOff?: boolean;
  /** Lifted this long after its injection where the scenario's `for` says nothing: `restart: 3s` of a kill. */
  liftAfterMs?(params: Params): number | undefined;
  /**
   * Puts the fault in place. Whatever was begun is undone by the returned `lift`, even if `prove` fails; an injection
   * that rejects has undone itself.
   */
  inject(context: FaultContext, params: Params, signal: AbortSignal): Promise<InjectedFault>;
}

export type FaultParams = Readonly<Record<string, FaultParam>>;

export type FaultTarget =
  | { readonly kind: 'link'; readonly link: string }
  /** It is signalled, so it has to be ours. */
  | { readonly kind: 'process'; readonly process: string }
  /** A Redis server that is sent commands, ours or not. */
  | { readonly kind: 'node'; readonly node: string };

export function nameOf(target: FaultTarget): string {
  switch (target.kind) {
    case 'link':
      return target.link;
    case 'process':
      return target.process;
    case 'node':
      return target.node;
    default:
      return target satisfies never;
  }
}

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
  get(name: string): WorkerHandle | undefined;
}

/** A worker, which can also be told to stand still, and be asked whether it does. */
export interface WorkerHandle extends ManagedProcess {
  /** Blocks its event loop until {@link resume}; nothing where it is blocked already. */
  stall(): void;
  /** Ends its stall; nothing where there is none. */
  resume(): void;
  /** Milliseconds until its event loop answered; undefined: it did not within `deadlineMs`. */
  ping(deadlineMs: number): Promise<number | undefined>;
}
