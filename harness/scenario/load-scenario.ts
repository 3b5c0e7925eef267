import { readFile } from 'node:fs/promises';
import { checkDriver } from './driver-check.js';
import { type ParseOptions, parseScenario } from './parse-scenario.js';
import type { Scenario } from './scenario.js';
import { ScenarioError } from './scenario-error.js';
import { validateScenario } from './validate-scenario.js';

/**
 * Reads, parses and checks one scenario file, its plan included: what this returns can be run. Throws
 * {@link ScenarioError} and, for a `--set` that is none, `UsageError`.
 */
export async function loadScenario(path: string, options: ParseOptions = {}): Promise<Scenario> {
  const scenario = parseScenario(await readScenarioText(path), path, options);
  const problems = [...checkDriver(scenario), ...validateScenario(scenario, undefined, options.registries).problems];
  if (problems.length > 0) throw new ScenarioError('invalid', path, problems);
  return scenario;
}

/** The text of the file. Throws {@link ScenarioError}. */
async function readScenarioText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw unreadable('not-found', path, 'no such file.', cause);
    if (code === 'EISDIR') throw unreadable('unreadable', path, 'is a folder, not a scenario file.', cause);
    throw unreadable('unreadable', path, `cannot be read: ${message}.`, cause);
  }
  if (bytes.includes(0)) throw unreadable('not-text', path, `is binary (a zero byte at offset ${bytes.indexOf(0)}).`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable('not-text', path, 'is not UTF-8 text; save it as UTF-8.', cause);
  }
}

function unreadable(code: ScenarioError['code'], path: string, what: string, cause?: unknown): ScenarioError {
  return new ScenarioError(code, path, [], { message: `${path}: ${what}`, cause });
}
