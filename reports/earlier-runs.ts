import type { Suite } from './results.js';
import type { SuiteEntry } from './suite.js';

const EARLIER = /\.inconclusive-\d+$/;

/** Where the n-th inconclusive run of a folder is kept. Names of scenarios have no dots: it is no other scenario's folder. */
export function earlierFolder(folder: string, n: number): string {
  return `${folder}.inconclusive-${n}`;
}

/** Whether a folder keeps an inconclusive run of `folder`, or of any where none is named. */
export function isEarlierFolder(name: string, folder?: string): boolean {
  return EARLIER.test(name) && (folder === undefined || name.replace(EARLIER, '') === folder);
}

/** `run 2 of at most 3`; undefined where the first run stood. */
export function runNumber(suite: Suite, { earlier = [] }: SuiteEntry): string | undefined {
  if (earlier.length === 0) return undefined;
  return `run ${earlier.length + 1} of at most ${Math.max(earlier.length, suite.rerunInconclusive ?? 0) + 1}`;
}

/** `run 2 of at most 3: before it, inconclusive: <reason>`; undefined where the first run stood. */
export function runHistory(suite: Suite, entry: SuiteEntry): string | undefined {
  const number = runNumber(suite, entry);
  if (number === undefined) return undefined;
  const reasons = (entry.earlier ?? []).map(({ reason }) => `inconclusive: ${reason}`);
  return `${number}: before it, ${reasons.join(' And ')}`;
}
