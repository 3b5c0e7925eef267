import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { UsageError } from '../errors.js';
import { isMapping } from './fault-entry.js';
import { didYouMean } from './suggest.js';

const SCENARIO_FILE = /\.ya?ml$/;
const GLOB_CHARACTERS = /[*?{}]/;

/**
 * The scenario files that paths stand for: files as they are, folders and globs (`*`, `**`, `?`, `{a,b}`) with all YAML
 * files in them, each once, in a stable order. With `tags`, only those that have one of them; a file whose tags cannot be
 * read stays, so that its mistake is shown. Throws `UsageError` where a path leads to no file.
 */
export async function findScenarios(paths: readonly string[], tags?: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    for (const file of await expand(path)) found.add(file);
  }
  if (tags === undefined || tags.length === 0) return [...found];
  const tagged: string[] = [];
  for (const file of found) {
    const own = await tagsOf(file);
    if (own === undefined || own.some((tag) => tags.includes(tag))) tagged.push(file);
  }
  if (tagged.length > 0) return tagged;
  throw new UsageError('not-found', `none of the ${found.size} scenarios has the tag ${tags.join(' or ')}.`);
}

async function expand(path: string): Promise<string[]> {
  const kind = await stat(path).catch(() => undefined);
  if (kind?.isFile()) return [path];
  if (kind?.isDirectory()) {
    const files = await yamlFiles(path);
    if (files.length > 0) return files;
    throw new UsageError('not-found', `${path}: no scenario (*.yaml) in this folder.`);
  }
  if (GLOB_CHARACTERS.test(path)) {
    const matching = await matches(path);
    if (matching.length > 0) return matching;
    throw new UsageError('not-found', `${path}: no scenario (*.yaml) matches.`);
  }
  const siblings = await readdir(dirname(path)).catch(() => []);
  const hint = didYouMean(
    path,
    siblings.map((name) => join(dirname(path), name)),
  );
  throw new UsageError('not-found', `${path}: no such file or folder.${hint}`);
}

async function yamlFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.toSorted((a, b) => compare(a.name, b.name))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await yamlFiles(path)));
    else if (SCENARIO_FILE.test(entry.name) && (await isFile(entry, path))) files.push(path);
  }
  return files;
}

async function isFile(entry: Dirent, path: string): Promise<boolean> {
  return entry.isFile() || (entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isFile() === true);
}

/** Files below the last folder that the pattern spells out. */
async function matches(pattern: string): Promise<string[]> {
  const normal = join(pattern);
  const parts = normal.split('/');
  const fixed = parts
    .slice(
      0,
      parts.findIndex((part) => GLOB_CHARACTERS.test(part)),
    )
    .join('/');
  const root = fixed === '' && normal.startsWith('/') ? '/' : fixed || '.';
  const folder = await stat(root).catch(() => undefined);
  if (!folder?.isDirectory()) return [];
  const accepts = globToRegExp(normal);
  return (await yamlFiles(root)).filter((file) => accepts.test(file));
}

function globToRegExp(glob: string): RegExp {
  let depth = 0;
  const source = glob.replaceAll(/\*\*\/|\*\*|[*?{},]|[.+^$()|[\]\\]/g, (token) => {
    switch (token) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      case '{':
        depth++;
        return '(?:';
      case '}':
        depth--;
        return depth < 0 ? '\\}' : ')';
      case ',':
        return depth > 0 ? '|' : ',';
      default:
        return `\\${token}`;
    }
  });
  return new RegExp(`^${source}${')'.repeat(Math.max(0, depth))}$`);
}

async function tagsOf(file: string): Promise<string[] | undefined> {
  try {
    const document = parseDocument(await readFile(file, 'utf8'), { logLevel: 'error' });
    const raw: unknown = document.toJS();
    if (document.errors.length > 0 || !isMapping(raw)) return undefined;
    if (raw.tags === undefined) return [];
    return Array.isArray(raw.tags) ? raw.tags.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
