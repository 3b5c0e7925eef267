import type { Binaries } from '../harness/environment/binaries/binary.js';
import type { Disposal } from '../harness/environment/disposal.js';
import type { RunRegistry } from '../harness/environment/run-registry.js';
import type { Goal } from './goals.js';

/** One side-by-side measurement. Adding one: a module with a Benchmark, and a line in `benchmarks.ts`. */
export interface Benchmark {
  readonly name: string;
  /** One line: what is compared with what. */
  readonly summary: string;
  /** Label of the contender that the others are compared with. */
  readonly baseline: string;
  /** Further pairs of labels whose ratios are of interest. */
  readonly versus?: readonly (readonly [of: string, to: string])[];
  /** What the figures should reach: printed and stored with what they did. */
  readonly goals?: readonly Goal[];
  readonly contenders: readonly Contender[];
  /** Fewer than usual where a round takes long. */
  readonly rounds?: number;
  /** What was fixed for all contenders: printed and stored. */
  settings(quick: boolean): Readonly<Record<string, string | number>>;
}

export interface Contender {
  readonly label: string;
  /** Why it cannot run on this machine, and the remedy: said in the result, never passed over. */
  missing?(): Promise<string | undefined>;
  /** Runs once and measures. Every contender of a benchmark returns the same metrics. */
  run(context: BenchContext): Promise<readonly Measured[]>;
}

/** One turn of one contender. */
export interface BenchContext {
  /** A short form: for trying out, not for quoting. */
  readonly quick: boolean;
  readonly binaries: Binaries;
  /** What the turn starts is written down here. */
  readonly registry: RunRegistry;
  /** What the turn opens; ended with it, last thing first. */
  readonly disposal: Disposal;
  /** For logs and data of this turn's servers; removed with it. */
  readonly dir: string;
  /** Worker processes write their CPU profiles here. */
  readonly profileDir: string | undefined;
  readonly signal: AbortSignal;
}

export interface Measured {
  /** `max`, `p99 at 10,000/s`, ... */
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}
