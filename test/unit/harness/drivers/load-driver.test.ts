import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriverContext } from '../../../../harness/drivers/driver.js';
import { loadDriver, openDriver } from '../../../../harness/drivers/load-driver.js';

const DRIVER = `{
  name: 'mine', version: '1.0.0',
  capabilities: { ordering: 'none', inventory: false, redeliveryAfterMs: 0 },
  async [Symbol.asyncDispose]() {},
}`;
const context = {} as DriverContext;

let dir: string;
let scenarioPath: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'drivers-'));
  scenarioPath = join(dir, 'scenario.yaml');
});
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('loadDriver', () => {
  it('loads a built-in driver by its name', async () => {
    const module = await loadDriver('null', scenarioPath);
    expect(await openDriver('null', module, context)).toMatchObject({ name: 'null' });
  });

  it('loads a module by its path', async () => {
    const path = file('mine.mjs', `export const createDriver = () => (${DRIVER});`);
    expect(await openDriver(path, await loadDriver(path, scenarioPath), context)).toMatchObject({ name: 'mine' });
  });

  it('loads a package installed beside the scenario', async () => {
    file('node_modules/packaged/package.json', '{"name":"packaged","main":"./main.cjs"}');
    file('node_modules/packaged/main.cjs', `exports.createDriver = async () => (${DRIVER});`);
    const module = await loadDriver('packaged', scenarioPath);
    expect(await openDriver('packaged', module, context)).toMatchObject({ name: 'mine' });
  });

  it.each([
    [
      'a name that means nothing',
      () => 'refrence',
      'not-found',
      /neither built in \(.*null.*\) nor an installed package/,
    ],
    ['a missing file', () => join(dir, 'gone.mjs'), 'not-found', /no such file/],
    ['a file that is no module', () => file('driver.yaml', ''), 'not-found', /not a module; expected one of .js/],
    ['a module that throws', () => file('throws.mjs', 'throw new Error("at once")'), 'unloadable', /Error: at once/],
    ['a module with a syntax error', () => file('broken.mjs', 'export const ='), 'unloadable', /could not be loaded: /],
    ['a module that lacks a dependency', () => file('lacks.mjs', 'import "not-there"'), 'unloadable', /not-there/],
    [
      'a default export',
      () => file('default.mjs', 'export default () => 1'),
      'bad-module',
      /exports default; .* createDriver/,
    ],
    ['no export', () => file('empty.mjs', ''), 'bad-module', /exports nothing/],
  ])('names %s', async (_, name, code, message) => {
    await expect(loadDriver(name(), scenarioPath)).rejects.toMatchObject({
      code,
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
});

describe('openDriver', () => {
  it.each([
    ['undefined', undefined, /it returned undefined/],
    ['null', null, /it returned null/],
    ['an empty object', {}, /name is not a text; .*asyncDispose.*; capabilities.ordering is neither/],
    [
      'an inventory that is promised and missing',
      {
        name: 'x',
        version: '1',
        capabilities: { ordering: 'key', inventory: true, redeliveryAfterMs: 0 },
        [Symbol.asyncDispose]() {},
      },
      /made no driver: capabilities.inventory is true without inventory\(\)$/,
    ],
    [
      'an autoscaler that is promised and missing',
      {
        name: 'x',
        version: '1',
        capabilities: { ordering: 'key', inventory: false, autoscale: true, redeliveryAfterMs: 0 },
        [Symbol.asyncDispose]() {},
      },
      /made no driver: capabilities.autoscale is true without autoscale\(\)$/,
    ],
    [
      'a method that is none and a time that never comes',
      {
        name: 'x',
        version: '1',
        producer: {},
        capabilities: {
          ordering: 'key',
          inventory: false,
          redeliveryAfterMs: Number.POSITIVE_INFINITY,
          durability: 3,
          severalMembers: 2,
        },
        [Symbol.asyncDispose]() {},
      },
      /producer is not a function; capabilities.redeliveryAfterMs is not .*; capabilities.durability is not a text; capabilities.severalMembers is not a boolean/,
    ],
  ])('refuses %s', async (_, made, message) => {
    const module = { createDriver: () => made as never };
    await expect(openDriver('mine', module, context)).rejects.toMatchObject({
      code: 'bad-driver',
      message: expect.stringMatching(message),
    });
  });
});
