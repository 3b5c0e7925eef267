import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUILT_IN_DRIVERS, isBuiltInDriver } from './built-in.js';
import type { Driver, DriverContext, DriverModule } from './driver.js';
import { DriverError } from './driver-error.js';

const MODULE_EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * Loads the driver that a scenario names: a built-in one, a module by absolute path, or a package installed where the
 * scenario file lies (then: beside the harness). TypeScript modules need the loader that `workerArgv` adds.
 * Throws {@link DriverError}.
 */
export async function loadDriver(name: string, scenarioPath: string): Promise<DriverModule> {
  const exported = await importDriver(name, scenarioPath);
  const { createDriver } = exported as Partial<DriverModule>;
  if (typeof createDriver === 'function') return { createDriver };
  const names = Object.keys(exported).join(', ') || 'nothing';
  throw new DriverError(
    'bad-module',
    `driver ${name} exports ${names}; a driver module exports a function createDriver(context) by that name`,
  );
}

/** Creates the driver and checks its shape, so that a mistake is named before the load starts. Throws {@link DriverError}. */
export async function openDriver(name: string, module: DriverModule, context: DriverContext): Promise<Driver> {
  const driver: unknown = await module.createDriver(context);
  const problems = driverProblems(driver);
  if (problems.length === 0) return driver as Driver;
  throw new DriverError('bad-driver', `createDriver of driver ${name} made no driver: ${problems.join('; ')}`);
}

async function importDriver(name: string, scenarioPath: string): Promise<object> {
  if (isBuiltInDriver(name)) return BUILT_IN_DRIVERS[name]();
  const url = isAbsolute(name) ? fileDriver(name) : packageDriver(name, scenarioPath);
  try {
    return (await import(url)) as object;
  } catch (cause) {
    if (url === name && isNotFound(cause, name)) {
      const known = Object.keys(BUILT_IN_DRIVERS).join(', ');
      throw new DriverError(
        'not-found',
        `driver ${name} is neither built in (${known}) nor an installed package; a file is written ./${name}.js`,
        { cause },
      );
    }
    throw new DriverError('unloadable', `driver ${name} could not be loaded: ${describe(cause)}`, { cause });
  }
}

function fileDriver(path: string): string {
  if (!existsSync(path)) throw new DriverError('not-found', `driver ${path}: no such file`);
  if (!MODULE_EXTENSIONS.includes(extname(path))) {
    throw new DriverError('not-found', `driver ${path}: not a module; expected one of ${MODULE_EXTENSIONS.join(' ')}`);
  }
  return pathToFileURL(path).href;
}

/** The package's URL as seen from the scenario; its bare name, for the harness' own resolution, if it is not seen there. */
function packageDriver(name: string, scenarioPath: string): string {
  try {
    return pathToFileURL(createRequire(pathToFileURL(scenarioPath)).resolve(name)).href;
  } catch {
    return name;
  }
}

function isNotFound(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function driverProblems(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`it returned ${value === null ? 'null' : typeof value}`];
  const driver = value as Partial<Record<keyof Driver, unknown>>;
  const problems: string[] = [];
  const expect = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  expect(typeof driver.name === 'string' && driver.name !== '', 'name is not a text');
  expect(typeof driver.version === 'string', 'version is not a text');
  for (const method of ['prepare', 'producer', 'consume', 'autoscale', 'inventory', 'gauges'] as const) {
    expect(driver[method] === undefined || typeof driver[method] === 'function', `${method} is not a function`);
  }
  expect(typeof driver[Symbol.asyncDispose] === 'function', '[Symbol.asyncDispose] is not a function');
  const capabilities = (driver.capabilities ?? {}) as Partial<Driver['capabilities']>;
  const { ordering, inventory, autoscale, redeliveryAfterMs, durability, severalMembers } = capabilities;
  expect(ordering === 'key' || ordering === 'none', "capabilities.ordering is neither 'key' nor 'none'");
  expect(typeof inventory === 'boolean', 'capabilities.inventory is not a boolean');
  expect(inventory !== true || driver.inventory !== undefined, 'capabilities.inventory is true without inventory()');
  expect(autoscale === undefined || typeof autoscale === 'boolean', 'capabilities.autoscale is not a boolean');
  expect(autoscale !== true || driver.autoscale !== undefined, 'capabilities.autoscale is true without autoscale()');
  const finite = typeof redeliveryAfterMs === 'number' && redeliveryAfterMs >= 0 && redeliveryAfterMs < Infinity;
  expect(finite, 'capabilities.redeliveryAfterMs is not a number of milliseconds');
  expect(durability === undefined || typeof durability === 'string', 'capabilities.durability is not a text');
  const isFlag = severalMembers === undefined || typeof severalMembers === 'boolean';
  expect(isFlag, 'capabilities.severalMembers is not a boolean');
  return problems;
}
