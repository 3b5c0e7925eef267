import type { Violation } from '../schedule/journal.js';
import type { PlanBias } from '../schedule/plan.js';
import type { Scheduler } from '../world/scheduler.js';

/** A rule that is switched off, to show that schedules notice. */
export interface Variant {
  readonly name: string;
  /** What the design says would happen without it. */
  readonly rule: string;
  /** The first seed that shows it, when it was last looked for: where the short form of its test begins. */
  readonly seed: number;
  /** Schedules in which the rule matters: the broker as it is has to pass the same ones. */
  readonly bias: PlanBias;
  /** Any of these violations shows it. */
  readonly breaks: readonly Violation['rule'][];
  /** Replaced in the scripts that servers execute: file, what is there, what is there instead. */
  readonly scripts?: readonly (readonly [file: string, from: string, to: string])[];
  /** Replaces methods of the broker's classes. Returns what puts them back. */
  patch?(clock: () => Scheduler): () => void;
}

/** Replicas are behind, and there is always something that one of them has not yet. */
export const REPLICATED = {
  durability: 'replicated',
  onReplicaLoss: 'survivors',
  topology: 'sentinel',
  lagMs: 400,
  replyTimeoutMs: 3_000,
} as const;

/** Replaces a method. Returns what puts the old one back. */
export function replaceMethod<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name];
  if (typeof original !== 'function') throw new Error(`no method '${String(name)}'`);
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}
