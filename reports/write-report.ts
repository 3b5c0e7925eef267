import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderHgrm, renderHlog } from './hdr.js';
import { renderScenarioPage } from './html/scenario-page.js';
import { renderSuitePage } from './html/suite-page.js';
import { renderJunit } from './junit.js';
import { renderMarkdown } from './markdown.js';
import { renderOpenMetrics } from './openmetrics.js';
import { validated } from './read-results.js';
import { ReportError } from './report-error.js';
import { type Results, resultsSchema, type Suite, suiteSchema } from './results.js';

/**
 * Writes a scenario's folder: results.json first, since everything else can be rendered from it again. Infinite numbers
 * become null. Throws ReportError: `invalid`, `unwritable`, `disk-full`.
 */
export async function writeScenarioReport(dir: string, results: Results): Promise<void> {
  const path = join(dir, 'results.json');
  const text = JSON.stringify(results);
  const document = validated(resultsSchema, JSON.parse(text), path);
  await writeAtomic(path, `${text}\n`);
  await writeAtomic(join(dir, 'index.html'), renderScenarioPage(document));
  await writeAtomic(join(dir, 'metrics.txt'), renderOpenMetrics(document));
  for (const latency of ['e2e', 'publish'] as const) {
    await writeAtomic(join(dir, `${latency}.hlog`), renderHlog(document, latency));
    await writeAtomic(join(dir, `${latency}.hgrm`), renderHgrm(document, latency));
  }
}

/** Writes what the report folder says about the whole suite. Throws ReportError. */
export async function writeSuite(dir: string, suite: Suite, results: readonly Results[]): Promise<void> {
  const path = join(dir, 'suite.json');
  const document = validated(suiteSchema, JSON.parse(JSON.stringify(suite)), path);
  await writeAtomic(path, `${JSON.stringify(document, null, 2)}\n`);
  await writeAtomic(join(dir, 'junit.xml'), renderJunit(document, results));
  await writeAtomic(join(dir, 'summary.md'), renderMarkdown(document, results));
  await writeAtomic(join(dir, 'index.html'), renderSuitePage(document, results));
}

/**
 * Creates the folder and writes a file into it, so that an unwritable report folder is known before a run rather than
 * after it. Throws ReportError.
 */
export async function ensureWritable(dir: string): Promise<void> {
  const probe = join(dir, `.gauntlet-${randomUUID()}`);
  try {
    await makeFolder(dir);
    await (await open(probe, 'wx')).close();
    await rm(probe, { force: true });
  } catch (cause) {
    throw writeError(dir, cause);
  }
}

/** Readers see the old file or the new one, never half of one. */
async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(path, cause);
  }
}

/** Node's own recursive mkdir never returns where a file system answers ENOENT for a folder that it refuses (/proc). */
async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(dir)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(dir) === dir) throw error;
    await makeFolder(dirname(dir));
    await mkdir(dir).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again;
    });
  }
}

/** What a person can do about a file that cannot be written or removed. */
export function writeError(path: string, cause: unknown): ReportError {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ReportError(
        'disk-full',
        `No space left to write ${path}: free some, or put the report elsewhere with --report DIR (gauntlet report: --out DIR).`,
        { cause },
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new ReportError(
        'unwritable',
        `Cannot write ${path}: a part of this path is a file, not a folder. Choose another folder with --report DIR (gauntlet report: --out DIR).`,
        { cause },
      );
    default:
      return new ReportError(
        'unwritable',
        `Cannot write ${path} (${code ?? message}): make the folder writable, or choose another with --report DIR (gauntlet report: --out DIR).`,
        { cause },
      );
  }
}
