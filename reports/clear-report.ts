import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isEarlierFolder } from './earlier-runs.js';
import { writeError } from './write-report.js';

/** What a run writes into its folder. */
export const SCENARIO_OUTPUTS: readonly string[] = [
  'index.html',
  'results.json',
  'metrics.txt',
  'e2e.hlog',
  'e2e.hgrm',
  'publish.hlog',
  'publish.hgrm',
  'logs',
];
const SUITE_OUTPUTS = ['index.html', 'suite.json', 'junit.xml', 'summary.md'];

/**
 * Removes what an earlier run of the scenario left in its folder, logs included, and the inconclusive runs that were
 * kept beside it, however many: a run that ends without a verdict must not be read by the page of the one before. Files
 * that no run writes stay. Throws ReportError.
 */
export async function clearScenarioReport(dir: string): Promise<void> {
  await clear(dir, SCENARIO_OUTPUTS);
  const beside = await readdir(dirname(dir)).catch(() => []);
  for (const name of beside.filter((one) => isEarlierFolder(one, basename(dir)))) {
    const kept = join(dirname(dir), name);
    await clear(kept, SCENARIO_OUTPUTS);
    // Not empty: somebody's own files are in it.
    await rmdir(kept).catch(() => undefined);
  }
}

/** Removes what the report folder said about an earlier suite. Throws ReportError. */
export function clearSuite(dir: string): Promise<void> {
  return clear(dir, SUITE_OUTPUTS);
}

async function clear(dir: string, outputs: readonly string[]): Promise<void> {
  for (const output of outputs) {
    const path = join(dir, output);
    try {
      // Only the logs are a folder; another one that has the name of an output is not ours.
      await rm(path, { force: true, recursive: output === 'logs' });
    } catch (cause) {
      throw writeError(path, cause);
    }
  }
}
