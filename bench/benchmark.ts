import type { Environment } from '../harness/environment/environment.js';

/** One side-by-side measurement. Adding one: a module with a Benchmark, and a line in `benchmarks.ts`. */
export interface Benchmark {
  readonly name: string;
  /** One line: what is compared with what. */
  readonly summary: string;
  /** Label of the contender that the others are compared with. */
  readonly baseline: string;
  readonly contenders: readonly Contender[];
  /** What was fixed for all contenders: printed and stored. */
  settings(quick: boolean): Readonly<Record<string, string | number>>;
}

export interface Contender {
  readonly label: string;
  /** Runs once and measures. Every contender of a benchmark returns the same metrics. */
  run(context: BenchContext): Promise<readonly Measured[]>;
}

export interface BenchContext {
  /** Redis behind Toxiproxy, without persistence, empty. */
  readonly environment: Environment;
  /** A short form: for trying out, not for quoting. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
}

export interface Measured {
  /** `max`, `p99 at 10,000/s`, ... */
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}
