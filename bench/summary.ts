import type { Measured } from './benchmark.js';

/** `bench/out/<name>.json`: a contract with scripts. */
export interface BenchResult {
  readonly name: string;
  readonly rows: readonly BenchRow[];
  readonly ratios: readonly BenchRatio[];
  readonly settings: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
}

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

export function summarize(rounds: Rounds, baseline: string): { rows: BenchRow[]; ratios: BenchRatio[] } {
  const rows: BenchRow[] = [];
  const ratios: BenchRatio[] = [];
  const [first] = rounds;
  for (const [contender, measured] of first ?? []) {
    for (const [at, { metric, unit }] of measured.entries()) {
      const runs = rounds.map((round) => round.get(contender)![at]!.value);
      rows.push({
        label: rowLabel(contender, metric),
        unit,
        median: median(runs),
        min: Math.min(...runs),
        max: Math.max(...runs),
        runs,
      });
      if (contender === baseline) continue;
      const paired = rounds.map((round, r) => runs[r]! / round.get(baseline)![at]!.value);
      ratios.push({ of: rowLabel(contender, metric), to: rowLabel(baseline, metric), value: median(paired) });
    }
  }
  return { rows, ratios };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function rowLabel(contender: string, metric: string): string {
  return `${contender}: ${metric}`;
}
