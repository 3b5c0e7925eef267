import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../../harness/errors.js';
import { findScenarios } from '../../../../harness/scenario/find-scenarios.js';
import { examineScenario, loadScenario } from '../../../../harness/scenario/load-scenario.js';
import { ScenarioError } from '../../../../harness/scenario/scenario-error.js';

const VALID = `gauntlet: 1
name: fine
system: { driver: 'null' }
load: { phases: [{ name: steady, rate: 100/s, for: 10s }] }
gates: [latency.p99 < 1s]
`;

let folder: string;

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function errorOf(promise: Promise<unknown>): Promise<ScenarioError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ScenarioError);
  return error as ScenarioError;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gauntlet-scenarios-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('loadScenario', () => {
  it('reads a file, with or without a byte order mark', async () => {
    expect((await loadScenario(await write('fine.yaml', VALID))).name).toBe('fine');
    expect((await loadScenario(await write('bom.yaml', `\uFEFF${VALID}`), { seed: 9 })).seed).toBe(9);
  });

  it.each<[string, string | Uint8Array, string, string]>([
    ['zeros.yaml', Buffer.from([1, 2, 0, 3]), 'not-text', 'is binary (a zero byte at offset 2)'],
    ['latin1.yaml', Buffer.from('name: caf\xe9\n', 'latin1'), 'not-text', 'is not UTF-8'],
    ['empty.yaml', '', 'invalid', 'the file is empty'],
    ['broken.yaml', 'a: [1\nb: 2\n', 'syntax', 'not YAML'],
  ])('refuses %s', async (name, content, code, message) => {
    const error = await errorOf(loadScenario(await write(name, content)));
    expect(error).toMatchObject({ code, exitCode: 2 });
    expect(error.message).toContain(name);
    expect(error.message).toContain(message);
  });

  it('refuses what is not there and what is no file', async () => {
    expect(await errorOf(loadScenario(join(folder, 'nowhere.yaml')))).toMatchObject({ code: 'not-found', exitCode: 2 });
    expect(await errorOf(loadScenario(folder))).toMatchObject({ code: 'unreadable', exitCode: 2 });
  });

  it('looks for the driver beside the scenario', async () => {
    await write('drivers/mine.js', 'export const createDriver = () => ({});');
    const text = (driver: string) => VALID.replace("'null'", driver);
    const scenario = await loadScenario(await write('own.yaml', text('./drivers/mine.js')));
    expect(scenario.system.driver).toBe(join(folder, 'drivers/mine.js'));
    expect((await loadScenario(await write('package.yaml', text('commander')))).system.driver).toBe('commander');

    const missing = await errorOf(loadScenario(await write('missing.yaml', text('./drivers/yours.js'))));
    expect(missing.problems).toMatchObject([{ path: 'system.driver', line: 3, column: 19 }]);
    const slip = await errorOf(loadScenario(await write('slip.yaml', text('nulll'))));
    expect(slip.message).toContain('Did you mean "null"?');
  });

  it('checks the options of a built-in driver', async () => {
    const text = VALID.replace("{ driver: 'null' }", '{ driver: reference, options: { partitons: 8, ordering: kee } }');
    const error = await errorOf(loadScenario(await write('options.yaml', text)));
    expect(error.problems.map(({ path, line }) => [path, line])).toEqual([
      ['system.options.partitons', 3],
      ['system.options.ordering', 3],
    ]);
    expect(error.message).toContain('Did you mean "partitions"?');
  });

  it('refuses what its plan cannot hold, and warns of what it hardly can', async () => {
    const gate = (limit: string) => VALID.replace('latency.p99 < 1s', `throughput >= ${limit}`);
    expect((await examineScenario(await write('low.yaml', gate('90/s')))).warnings).toEqual([]);
    expect((await examineScenario(await write('near.yaml', gate('98/s')))).warnings).toHaveLength(1);
    const error = await errorOf(loadScenario(await write('high.yaml', gate('100/s'))));
    expect(error.problems).toMatchObject([{ path: 'gates[0]', line: 5 }]);
  });
});

describe('findScenarios', () => {
  const tagged = (name: string, tags: string) =>
    write(`suite/${name}`, VALID.replace('system', `tags: [${tags}]\nsystem`));
  const at = (...names: string[]) => names.map((name) => join(folder, 'suite', name));

  beforeAll(async () => {
    await tagged('b.yaml', 'ci');
    await tagged('a.yml', '');
    await tagged('deep/down/c.yaml', 'ci, slow');
    await tagged('deep/d-1.yaml', 'slow');
    await write('suite/broken.yaml', 'tags: [');
    await write('suite/notes.txt', '');
    await write('suite/.hidden/e.yaml', VALID);
    await write('suite/node_modules/f.yaml', VALID);
    await mkdir(join(folder, 'bare'), { recursive: true });
  });

  it('expands folders, in order, without hidden ones', async () => {
    const all = at('a.yml', 'b.yaml', 'broken.yaml', 'deep/d-1.yaml', 'deep/down/c.yaml');
    expect(await findScenarios(at(''))).toEqual(all.map((path) => path));
  });

  it.each([
    ['*.yaml', ['b.yaml', 'broken.yaml']],
    ['**/*.yaml', ['b.yaml', 'broken.yaml', 'deep/d-1.yaml', 'deep/down/c.yaml']],
    ['deep/**/c.yaml', ['deep/down/c.yaml']],
    ['deep/d-?.yaml', ['deep/d-1.yaml']],
    ['{a,b}.{yaml,yml}', ['a.yml', 'b.yaml']],
  ])('expands the glob %s', async (glob, names) => {
    expect(await findScenarios([join(folder, 'suite', glob)])).toEqual(at(...names));
  });

  it('names a file once', async () => {
    expect(await findScenarios([...at('b.yaml'), ...at('*.yaml')])).toEqual(at('b.yaml', 'broken.yaml'));
  });

  it('selects by tags, and keeps a file whose tags cannot be read', async () => {
    expect(await findScenarios(at(''), ['slow'])).toEqual(at('broken.yaml', 'deep/d-1.yaml', 'deep/down/c.yaml'));
    await expect(findScenarios(at('b.yaml'), ['never'])).rejects.toThrow('none of the 1 scenarios has the tag never');
  });

  it.each([
    ['suite/c.yaml', 'no such file or folder'],
    ['bare', 'no scenario (*.yaml) in this folder'],
    ['suite/*.toml', 'matches'],
    ['nowhere/**', 'matches'],
  ])('refuses %s', async (path, message) => {
    const failure = expect(findScenarios([join(folder, path)])).rejects;
    await failure.toBeInstanceOf(UsageError);
    await expect(findScenarios([join(folder, path)])).rejects.toThrow(message);
  });
});
