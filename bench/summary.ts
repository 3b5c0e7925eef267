import type { Measured } from './benchmark.js';

export interface BenchRow {
  /** `<contender>: <metric>` */
  readonly label: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

export interface BenchRatio {
  readonly of: string;
  readonly to: string;
  /** Median of the ratios within each round: the rounds' own conditions cancel out. */
  readonly value: number;
}

/** `rounds[r].get(label)`: what the contender measured in round r. */
export type Rounds = readonly ReadonlyMap<string, readonly Measured[]>[];

type Pair = readonly [of: string, to: string];

/** Rows of every contender and metric; ratios of all contenders to the baseline, and of the further pairs. */
export function summarize(rounds: Rounds, baseline: string, versus: readonly Pair[] = []) {
  const contenders = [...(rounds[0]?.keys() ?? [])];
  const rows: BenchRow[] = contenders.flatMap((contender) =>
    metricsOf(rounds, contender).map(({ metric, unit }, at) => {
      const runs = runsOf(rounds, contender, at);
      const [min, max] = [Math.min(...runs), Math.max(...runs)];
      return { label: rowLabel(contender, metric), unit, median: median(runs), min, max, runs };
    }),
  );
  const toBaseline = contenders.map((contender): Pair => [contender, baseline]).filter(([of, to]) => of !== to);
  const pairs = [...toBaseline, ...versus].filter((pair) => pair.every((label) => contenders.includes(label)));
  const ratios: BenchRatio[] = pairs.flatMap(([of, to]) =>
    metricsOf(rounds, of).map(({ metric }, at) => {
      const divisors = runsOf(rounds, to, at);
      const value = median(runsOf(rounds, of, at).map((run, round) => run / divisors[round]!));
      return { of: rowLabel(of, metric), to: rowLabel(to, metric), value };
    }),
  );
  return { rows, ratios };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function formatValue(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}

function metricsOf(rounds: Rounds, contender: string): readonly Measured[] {
  return rounds[0]!.get(contender)!;
}

function runsOf(rounds: Rounds, contender: string, at: number): number[] {
  return rounds.map((round) => round.get(contender)![at]!.value);
}

function rowLabel(contender: string, metric: string): string {
  return `${contender}: ${metric}`;
}
