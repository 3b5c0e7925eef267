import type { Assignment } from './assignment.js';

/** What a partition costs its owner, by partition, in any unit. */
export type Weights = readonly number[];

/** A partition goes from one member to another, or two are exchanged. */
interface Step {
  readonly from: string;
  readonly to: string;
  readonly partition: number;
  readonly inReturn: number | undefined;
  /** By how much less the heavier of the two has then. */
  readonly gain: number;
}

/**
 * The assignment with its load spread: no member has more than (1 + slack) times the mean where a move helps (the bound is
 * that of consistent hashing with bounded loads: Mirrokni, Thorup and Zadimoghaddam 2018). A member with a partition that
 * is heavier than that by itself keeps it, and little else: up to `slack` of its weight. A step is taken only if the
 * heavier of the two members gets lighter by half the slack of the mean. So it ends; applied again it changes nothing; and
 * nobody gets more than the heaviest one had. An assignment with partitions of nobody is left alone: they are given out first.
 */
export function spreadByLoad(
  assignment: Assignment,
  members: readonly string[],
  weights: Weights,
  slack: number,
): Assignment {
  const present = new Set(members);
  if (!assignment.every((owner) => owner !== undefined && present.has(owner))) return assignment;
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / present.size;
  const limits = { bound: (1 + slack) * mean, slack, leastGain: (slack * mean) / 2 };
  const next = [...assignment];
  for (;;) {
    const step = nextStep(next, [...present], weights, limits);
    if (step === undefined) return next;
    next[step.partition] = step.to;
    if (step.inReturn !== undefined) next[step.inReturn] = step.from;
  }
}

/** By member: the sum of its weights. */
export function loadsOf(assignment: Assignment, members: readonly string[], weights: Weights): Map<string, number> {
  const loads = new Map<string, number>(members.map((member) => [member, 0]));
  for (const [partition, owner] of assignment.entries()) {
    if (owner !== undefined) loads.set(owner, (loads.get(owner) ?? 0) + weights[partition]!);
  }
  return loads;
}

interface Limits {
  readonly bound: number;
  readonly slack: number;
  readonly leastGain: number;
}

function nextStep(
  assignment: Assignment,
  members: readonly string[],
  weights: Weights,
  { bound, slack, leastGain }: Limits,
): Step | undefined {
  const loads = loadsOf(assignment, members, weights);
  const loadOf = (member: string) => loads.get(member)!;
  const ascending = members.toSorted((a, b) => loadOf(a) - loadOf(b) || (a < b ? -1 : 1));
  for (const from of ascending.toReversed()) {
    if (loadOf(from) <= bound) return undefined;
    const heaviest = Math.max(...partitionsOf(assignment, from).map((partition) => weights[partition]!));
    if (heaviest > bound && loadOf(from) <= (1 + slack) * heaviest) continue;
    // To the lightest a move helps most. Where none does an exchange may, with any of them.
    const step = best(from, ascending[0]!, [undefined]) ?? bestExchange(from);
    if (step !== undefined) return step;
  }
  return undefined;

  function bestExchange(from: string): Step | undefined {
    const steps = ascending.map((to) => best(from, to, partitionsOf(assignment, to)));
    return steps.reduce((first, step) => ((step?.gain ?? 0) > (first?.gain ?? 0) ? step : first), undefined);
  }

  function best(from: string, to: string, returns: readonly (number | undefined)[]): Step | undefined {
    let found: Step | undefined;
    if (to === from) return found;
    for (const partition of partitionsOf(assignment, from)) {
      for (const inReturn of returns) {
        const shifted = weights[partition]! - (inReturn === undefined ? 0 : weights[inReturn]!);
        const gain = loadOf(from) - Math.max(loadOf(from) - shifted, loadOf(to) + shifted);
        if (gain > 0 && gain >= leastGain && gain > (found?.gain ?? 0)) found = { from, to, partition, inReturn, gain };
      }
    }
    return found;
  }
}

function partitionsOf(assignment: Assignment, member: string): number[] {
  return [...assignment.keys()].filter((partition) => assignment[partition] === member);
}
