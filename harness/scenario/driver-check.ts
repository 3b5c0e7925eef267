import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUILT_IN_DRIVERS, builtInCapabilities, builtInOptionProblems, isBuiltInDriver } from '../drivers/built-in.js';
import { consumerLacks } from '../drivers/consumer-lacks.js';
import { unmeasurableGates } from '../gates/measurable.js';
import type { Scenario } from './scenario.js';
import type { Finding } from './scenario-error.js';
import { didYouMean } from './suggest.js';

/**
 * Whether the driver exists and, for a built-in one, takes the options, opens as many members in a worker, scales where it is to,
 * and can be held to the gates that the scenario states. A module of one's own runs in the workers only: what it is capable of is
 * known when it has prepared the system.
 */
export async function checkDriver({ system, source, gates, consumers }: Scenario): Promise<Finding[]> {
  const message = problemOf(system.driver, source.path);
  if (message !== undefined) return [{ code: 'bad-reference', path: ['system', 'driver'], message }];
  const problems = Object.entries(await builtInOptionProblems(system.driver, system.options));
  if (problems.length > 0 || !isBuiltInDriver(system.driver)) {
    return problems.map(([option, problem]) => {
      return { code: 'bad-value', path: ['system', 'options', option], message: `${problem}.` };
    });
  }
  const capabilities = await builtInCapabilities(system.driver, system.options);
  const driver = { name: system.driver, capabilities };
  const impossible = (path: (string | number)[], message: string): Finding => ({ code: 'impossible', path, message });
  const stated = gates.filter(({ implicit }) => !implicit);
  return [
    ...consumerLacks(consumers, driver).map(({ key, problem }) => impossible(['consumers', key], problem)),
    ...unmeasurableGates(stated, driver).map(({ gate, reason, remedy }) => {
      return impossible(['gates', stated.indexOf(gate)], `${gate.metric} cannot be measured: ${reason}. ${remedy}`);
    }),
  ];
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
