import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { z } from 'zod';
import { ReportError } from './report-error.js';
import { RESULTS_VERSION, type Results, resultsSchema, type Suite, suiteSchema } from './results.js';

/** Reads and validates a results.json, compressed where its name ends with .gz. Throws ReportError with the file, the place, the value and what was expected. */
export async function readResults(path: string): Promise<Results> {
  return parseResults(await readText(path), path);
}

/** Reads and validates a suite.json. Throws ReportError. */
export async function readSuite(path: string): Promise<Suite> {
  return parseSuite(await readText(path), path);
}

/** The same from text that is already at hand; `path` is for messages. */
export function parseResults(text: string, path: string): Results {
  return parse(text, path, resultsSchema, 'gauntletResults', RESULTS_VERSION);
}

/** The same of a suite. */
export function parseSuite(text: string, path: string): Suite {
  return parse(text, path, suiteSchema, 'gauntletSuite', 1);
}

/** Throws ReportError `invalid` with up to five problems, each with its JSON path, value and expectation. */
export function validated<T>(schema: z.ZodType<T>, document: unknown, path: string): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const lines = issues.slice(0, 5).map((issue) => {
    const value = valueAt(document, issue.path);
    return `  ${jsonPath(issue.path)}: ${issue.message.replace(/^Invalid input: /, '')}; it is ${describe(value)}`;
  });
  if (issues.length > lines.length) lines.push(`  ... and ${issues.length - lines.length} more`);
  throw new ReportError('invalid', `${path} is not a valid document:\n${lines.join('\n')}`);
}

function parse<T>(text: string, path: string, schema: z.ZodType<T>, versionKey: string, version: number): T {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const hint = text.trim() === '' ? 'the file is empty' : (cause as Error).message;
    throw new ReportError('not-json', `${path} is not JSON: ${hint}. Was the run that wrote it interrupted?`, {
      cause,
    });
  }
  const found = isRecord(document) ? document[versionKey] : undefined;
  if (found === undefined) {
    throw new ReportError(
      'invalid',
      `${path} has no "${versionKey}": expected a document written by gauntlet run, version ${version}.`,
    );
  }
  if (found !== version) {
    throw new ReportError(
      'wrong-version',
      `${path} has ${versionKey} ${describe(found)}; this Gauntlet reads version ${version}. ` +
        `Render it with the Gauntlet that wrote it${writer(document)}.`,
    );
  }
  return validated(schema, document, path);
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ReportError('not-found', `${path} does not exist: give a results.json or a folder that holds one.`, {
        cause,
      });
    }
    throw new ReportError('unreadable', `${path} cannot be read: ${message}`, { cause });
  }
}

function writer(document: unknown): string {
  const version = valueAt(document, ['run', 'versions', 'gauntlet']);
  return typeof version === 'string' ? ` (${version.slice(0, 40)})` : '';
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) ? at[key as string] : undefined), document);
}

function jsonPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`))
    .join('');
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'object' ? JSON.stringify(value) : JSON.stringify(value ?? null);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
