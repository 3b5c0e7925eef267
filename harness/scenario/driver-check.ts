import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUILT_IN_DRIVERS, isBuiltInDriver } from '../drivers/built-in.js';
import type { Scenario } from './scenario.js';
import type { ScenarioProblem } from './scenario-error.js';
import { ScenarioText } from './scenario-text.js';
import { didYouMean } from './suggest.js';

/** Whether the driver exists, without loading it: a module's code runs in the workers only. */
export function checkDriver({ system, source }: Scenario): ScenarioProblem[] {
  const message = problemOf(system.driver, source.path);
  if (message === undefined) return [];
  const text = new ScenarioText(source.text, source.path);
  return [text.locate({ code: 'bad-reference', path: ['system', 'driver'], message })];
}

function problemOf(driver: string, scenarioPath: string): string | undefined {
  if (isBuiltInDriver(driver)) return undefined;
  if (isAbsolute(driver)) return existsSync(driver) ? undefined : `there is no driver module ${driver}.`;
  const from = [pathToFileURL(scenarioPath).href, import.meta.url];
  if (from.some((url) => isInstalled(driver, url))) return undefined;
  const known = Object.keys(BUILT_IN_DRIVERS);
  const hint = didYouMean(driver, known) || ` A module of your own is written ./${driver}.ts.`;
  return `"${driver}" is neither a built-in driver (${known.join(', ')}) nor an installed package.${hint}`;
}

function isInstalled(name: string, from: string): boolean {
  try {
    createRequire(from).resolve(name);
    return true;
  } catch (error) {
    // A package without an entry for require is there all the same.
    return (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}
