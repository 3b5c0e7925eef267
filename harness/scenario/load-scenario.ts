import { readFile } from 'node:fs/promises';
import { type LoadPlan, planLoad } from '../load/plan.js';
import { checkDriver } from './driver-check.js';
import { type ParseOptions, parseScenario } from './parse-scenario.js';
import type { Scenario } from './scenario.js';
import { ScenarioError, type ScenarioProblem } from './scenario-error.js';
import { locateFindings, validateScenario } from './validate-scenario.js';

/** A scenario that can be run, with what is doubtful about it. */
export interface ExaminedScenario {
  readonly scenario: Scenario;
  readonly plan: LoadPlan;
  readonly warnings: readonly ScenarioProblem[];
}

/** {@link examineScenario} without the warnings. */
export async function loadScenario(path: string, options: ParseOptions = {}): Promise<Scenario> {
  return (await examineScenario(path, options)).scenario;
}

/**
 * Reads, parses and checks one scenario file, its plan included. Throws {@link ScenarioError} and, for a `--set` that is
 * none, `UsageError`.
 */
export async function examineScenario(path: string, options: ParseOptions = {}): Promise<ExaminedScenario> {
  const scenario = parseScenario(await readScenarioText(path), path, options);
  const plan = planLoad(scenario);
  const { problems, warnings } = validateScenario(scenario, plan, options.registries);
  const all = [...locateFindings(scenario, await checkDriver(scenario)), ...problems];
  if (all.length > 0) throw new ScenarioError('invalid', path, all);
  return { scenario, plan, warnings };
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
