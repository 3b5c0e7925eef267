import { type BenchRatio, type BenchRow, formatValue } from './summary.js';

/** What a benchmark's figures should reach: of one row, or as the ratio to another one. */
export interface Goal {
  /** `<contender>: <metric>` */
  readonly of: string;
  /** The ratio to this row counts, not the value; the pair has to be among the benchmark's ratios. */
  readonly to?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly below?: number;
}

export interface GoalResult {
  /** `broker: max / raw ioredis: max at least 2` */
  readonly goal: string;
  /** Median; null where it was not measured in this run. */
  readonly value: number | null;
  readonly isMet: boolean | null;
}

/** Compares medians with the goals. What did not run is neither met nor missed. */
export function judgeGoals(
  goals: readonly Goal[],
  { rows, ratios }: { readonly rows: readonly BenchRow[]; readonly ratios: readonly BenchRatio[] },
): GoalResult[] {
  return goals.map((goal) => {
    const { of, to, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
    const { below = Number.POSITIVE_INFINITY } = goal;
    const value =
      to === undefined
        ? rows.find(({ label }) => label === of)?.median
        : ratios.find((ratio) => ratio.of === of && ratio.to === to)?.value;
    const isMet = value === undefined ? null : value >= atLeast && value <= atMost && value < below;
    return { goal: describeGoal(goal), value: value ?? null, isMet };
  });
}

/** `met`, `missed` or `not measured`, with the figure. */
export function goalLine({ goal, value, isMet }: GoalResult): string {
  if (value === null) return `not measured: ${goal}`;
  return `${isMet ? 'met' : 'missed'}: ${goal}: ${formatValue(value)}`;
}

function describeGoal({ of, to, atLeast, atMost, below }: Goal): string {
  const limits = [
    atLeast === undefined ? undefined : `at least ${formatLimit(atLeast)}`,
    atMost === undefined ? undefined : `at most ${formatLimit(atMost)}`,
    below === undefined ? undefined : `below ${formatLimit(below)}`,
  ];
  return `${to === undefined ? of : `${of} / ${to}`} ${limits.filter((limit) => limit !== undefined).join(', ')}`;
}

function formatLimit(limit: number): string {
  return limit.toLocaleString('en-US');
}
