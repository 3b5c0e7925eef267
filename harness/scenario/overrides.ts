import { parseDocument } from 'yaml';
import { UsageError } from '../errors.js';
import { isMapping } from './fault-entry.js';
import { formatPath } from './scenario-error.js';
import type { Override } from './scenario-text.js';
import { didYouMean } from './suggest.js';

/**
 * Applies `--set load.message.size=4KiB` to the raw value. Entries of lists are named by index, name or id:
 * `load.phases[0].rate`, `load.phases.steady.rate`, `faults.master-dies.at`. Whether the keys exist is for the schema to
 * say, which then names the flag.
 */
export function applyOverride(root: Record<string, unknown>, setting: string): Override {
  const flag = `--set ${setting}`;
  const equals = setting.indexOf('=');
  const words = setting
    .slice(0, Math.max(0, equals))
    .split(/[.[\]]+/)
    .filter((word) => word !== '');
  if (words.length === 0) {
    throw new UsageError('bad-flag', `${flag}: expected path=value, such as --set load.message.size=4KiB.`);
  }
  const value = readValue(setting.slice(equals + 1), flag);
  const path: (string | number)[] = [];
  let parent: unknown = root;
  for (const [index, word] of words.entries()) {
    const key = Array.isArray(parent) ? entryIndex(parent, word, formatPath(path), flag) : word;
    path.push(key);
    if (index === words.length - 1) setOwn(parent, key, value);
    else parent = childOf(parent, key, flag, path);
  }
  return { path, flag };
}

function readValue(text: string, flag: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', stringKeys: true });
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) throw new UsageError('bad-flag', `${flag}: the value is not YAML: ${error.message}.`);
  try {
    return document.toJS();
  } catch (cause) {
    throw new UsageError('bad-flag', `${flag}: the value is not YAML: ${String(cause)}.`, { cause });
  }
}

function entryIndex(list: readonly unknown[], word: string, path: string, flag: string): number {
  if (/^\d+$/.test(word) && Number(word) < list.length) return Number(word);
  const names = list.map((entry) => (isMapping(entry) ? String(entry.name ?? entry.id ?? '') : ''));
  const index = names.indexOf(word);
  if (index >= 0) return index;
  const known = names.filter((name) => name !== '');
  const named = known.length === 0 ? '' : ` or by name: ${known.join(', ')}`;
  const there = `It has ${list.length} ${list.length === 1 ? 'entry' : 'entries'}, counted from 0${named}.`;
  throw new UsageError('bad-flag', `${flag}: ${path} has no entry "${word}".${didYouMean(word, known)} ${there}`);
}

function childOf(parent: unknown, key: string | number, flag: string, path: (string | number)[]): unknown {
  const child = own(parent, key);
  if (isMapping(child) || Array.isArray(child)) return child;
  if (child !== undefined && child !== null) {
    throw new UsageError(
      'bad-flag',
      `${flag}: ${formatPath(path)} is ${JSON.stringify(child)}, nothing can be set inside it.`,
    );
  }
  const made = {};
  setOwn(parent, key, made);
  return made;
}

function own(parent: unknown, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(parent, key)?.value;
}

/** Defines instead of assigning: a key named `__proto__` is a key like any other. */
function setOwn(parent: unknown, key: string | number, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}
