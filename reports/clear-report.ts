import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from './write-report.js';

const SCENARIO_OUTPUTS = [
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
 * Removes what an earlier run of the scenario left in its folder, logs included: a run that ends without a verdict must
 * not be read by the page of the one before. Files that no run writes stay. Throws ReportError.
 */
export function clearScenarioReport(dir: string): Promise<void> {
  return clear(dir, SCENARIO_OUTPUTS);
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
