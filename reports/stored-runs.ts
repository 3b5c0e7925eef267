import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isEarlierFolder } from './earlier-runs.js';
import { readResults, readSuite } from './read-results.js';
import { ReportError } from './report-error.js';
import type { Results, Suite } from './results.js';

/** A stored run: where it is, and the folder that its report gets. */
export interface StoredRun {
  readonly dir: string;
  readonly folder: string;
  readonly results: Results;
}

export interface Stored {
  readonly runs: readonly StoredRun[];
  /** The inconclusive runs before those of the suite: with reports, and no part of its results. */
  readonly earlier: readonly StoredRun[];
  /** The suite as it was, when one report folder was given. */
  readonly suite: Suite | undefined;
}

/**
 * Reads results.json files, folders with one, and report folders with several. Runs of one scenario get folders of
 * their own (`name`, `name-2`, ...). Throws ReportError.
 */
export async function loadStored(paths: readonly string[]): Promise<Stored> {
  const only = paths.length === 1 ? await storedSuite(paths[0]!) : undefined;
  if (only !== undefined) return only;
  const files: string[] = [];
  for (const path of paths) {
    for (const file of await resultFiles(path)) if (!files.includes(file)) files.push(file);
  }
  const taken = new Set<string>();
  const runs: StoredRun[] = [];
  for (const file of files) {
    const results = await readResults(file);
    runs.push({ dir: dirname(file), folder: freeFolder(folderName(results), taken), results });
  }
  return { runs, earlier: [], suite: undefined };
}

async function storedSuite(path: string): Promise<Stored | undefined> {
  const file = join(path, 'suite.json');
  if (!(await exists(file))) return undefined;
  const suite = await readSuite(file);
  const runs: StoredRun[] = [];
  const kept: StoredRun[] = [];
  for (const { folder, logs = [], earlier = [] } of suite.scenarios) {
    const before = earlier.map((one) => one.folder);
    for (const below of folder === null ? [...before, ...logs] : [folder, ...before, ...logs]) {
      if (below === '' || /^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(below)) {
        throw new ReportError('invalid', `${file}: the path ${JSON.stringify(below)} is not below the report folder.`);
      }
    }
    for (const one of before) kept.push(await storedRun(path, one));
    if (folder !== null) runs.push(await storedRun(path, folder));
  }
  return { runs, earlier: kept, suite };
}

async function storedRun(path: string, folder: string): Promise<StoredRun> {
  const dir = resolve(path, folder);
  return { dir, folder, results: await readResults(join(dir, 'results.json')) };
}

async function resultFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    throw new ReportError('not-found', `${path} does not exist: give a results.json or a folder.`);
  if (!info.isDirectory()) return [resolve(path)];
  if (await exists(join(path, 'results.json'))) return [resolve(path, 'results.json')];
  const found: string[] = [];
  for (const entry of (await readdir(path)).sort()) {
    // Only the last run of a repetition speaks for it.
    if (isEarlierFolder(entry)) continue;
    const file = resolve(path, entry, 'results.json');
    if (await exists(file)) found.push(file);
  }
  if (found.length === 0) {
    throw new ReportError(
      'not-found',
      `${path} holds no results.json, nor does a folder in it: was it written by gauntlet run?`,
    );
  }
  return found;
}

/** Stored documents may come from anywhere: a scenario's name is not a path. */
function folderName(results: Results): string {
  return results.run.scenario.name.replace(/[^\w.-]+/g, '-').replace(/^\.+/, '') || 'scenario';
}

function freeFolder(name: string, taken: Set<string>): string {
  let folder = name;
  for (let n = 2; taken.has(folder); n++) folder = `${name}-${n}`;
  taken.add(folder);
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
