import type { Results, Suite } from './results.js';

export type SuiteEntry = Suite['scenarios'][number];

/** A scenario of the suite beside its results; undefined when it never ran to the end. */
export interface SuiteRow {
  readonly entry: SuiteEntry;
  readonly results: Results | undefined;
}

/**
 * Pairs the suite's entries with results by scenario name, in order. Of several repetitions under one entry the last
 * stands for all: its gates carry the values of every repetition.
 */
export function suiteRows(suite: Suite, results: readonly Results[]): SuiteRow[] {
  const left = new Map<string, Results[]>();
  for (const one of results) {
    const name = one.run.scenario.name;
    left.set(name, [...(left.get(name) ?? []), one]);
  }
  const entriesLeft = new Map<string, number>();
  const ran = suite.scenarios.filter((entry) => entry.folder !== null);
  for (const { name } of ran) entriesLeft.set(name, (entriesLeft.get(name) ?? 0) + 1);
  return suite.scenarios.map((entry) => {
    if (entry.folder === null) return { entry, results: undefined };
    const queue = left.get(entry.name) ?? [];
    const remaining = entriesLeft.get(entry.name) ?? 1;
    entriesLeft.set(entry.name, remaining - 1);
    return { entry, results: remaining === 1 ? queue.at(-1) : queue.shift() };
  });
}

/** A suite of results that were not run together. */
export function composeSuite(
  runs: readonly { readonly folder: string; readonly results: Results }[],
  exitCode: number,
  command: string,
): Suite {
  const verdicts = runs.map(({ results }) => results.verdict);
  const durations = runs.map(({ results }) => Object.values(results.run.stagesMs).reduce((sum, ms) => sum + ms, 0));
  const started = runs.map(({ results }) => results.run.startedAt).sort();
  return {
    gauntletSuite: 1,
    startedAt: started[0] ?? '',
    durationMs: durations.reduce((sum, ms) => sum + ms, 0),
    verdict: verdicts.includes('fail') ? 'fail' : verdicts.includes('inconclusive') ? 'inconclusive' : 'pass',
    exitCode,
    command,
    scenarios: runs.map(({ folder, results }, i) => ({
      name: results.run.scenario.name,
      folder,
      verdict: results.verdict,
      reason: results.reason,
      durationMs: durations[i]!,
    })),
  };
}

/** What a run found wrong with itself rather than with the system: each makes it inconclusive. */
export function troubles(results: Results): string[] {
  return [
    ...results.instrument.problems,
    ...results.ledger.damage.map((text) => `ledger: ${text}`),
    ...results.faults
      .filter((fault) => !fault.tookHold)
      .map((fault) => `fault ${fault.id} (${fault.kind}) did not take hold: ${fault.observed || 'no effect seen'}`),
  ];
}

/** The seconds of load that the run planned. */
export function loadMs(results: Results): number {
  return results.phases.reduce((end, phase) => Math.max(end, phase.endMs), 0);
}
