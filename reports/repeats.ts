import type { GateResult, OverRuns, Results } from './results.js';

const CONFIDENCE = 0.95;

/**
 * What a gate came to in all repetitions: it passes only if it passed in each. `null` among the values (infinite, or not
 * measurable) counts as worse than any value. The interval is that of the median by order statistics (David & Nagaraja,
 * Order Statistics, 7.1): from the k-th lowest to the k-th highest value, with the largest k that still covers it with
 * 95 %. Below six runs none does: then it is lowest to highest, and `confidence` says how sure that is.
 */
export function overRuns(gates: readonly GateResult[]): OverRuns {
  const verdicts = gates.map(({ verdict }) => verdict);
  const worst = gates[0]?.operator.startsWith('>') === true ? -Infinity : Infinity;
  const values = gates.map(({ observed }) => observed ?? worst).sort((a, b) => (a < b ? -1 : Number(a > b)));
  const { k, coverage } = medianInterval(values.length);
  const half = values.length / 2;
  return {
    runs: gates.length,
    passed: verdicts.filter((verdict) => verdict === 'pass').length,
    verdict: verdicts.includes('fail') ? 'fail' : verdicts.includes('inconclusive') ? 'inconclusive' : 'pass',
    median: finite(((values[Math.ceil(half) - 1] as number) + (values[Math.floor(half)] as number)) / 2),
    interval: [finite(values[k - 1] as number), finite(values[values.length - k] as number)],
    confidence: coverage,
  };
}

/** A scenario that was repeated: any one of its results tells what came of all. */
export function repeatedScenarios(results: readonly Results[]): Results[] {
  const last = new Map<string, Results>();
  for (const one of results) {
    if (one.gates.some((gate) => gate.overRuns !== undefined)) last.set(one.run.scenario.name, one);
  }
  return [...last.values()];
}

/** What is worth a line of a summary: what the scenario states itself, and what did not pass every time. */
export function repeatedGates({ gates }: Results): (GateResult & { readonly overRuns: OverRuns })[] {
  return gates.flatMap((gate) =>
    gate.overRuns === undefined || (gate.implicit && gate.overRuns.verdict === 'pass')
      ? []
      : [{ ...gate, overRuns: gate.overRuns }],
  );
}

/** The largest k whose interval covers the median of the distribution with 95 %, at least 1; and its coverage. */
function medianInterval(count: number): { readonly k: number; readonly coverage: number } {
  // P(fewer than k of n values lie below the median): binomial with one half.
  let term = 0.5 ** count;
  let below = term;
  let found = { k: 1, coverage: Math.max(0, 1 - 2 * below) };
  for (let k = 2; k <= count / 2; k++) {
    term *= (count - k + 2) / (k - 1);
    below += term;
    if (1 - 2 * below < CONFIDENCE) break;
    found = { k, coverage: 1 - 2 * below };
  }
  return found;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
