import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clearScenarioReport, clearSuite } from '../../../reports/clear-report.js';
import { writeScenarioReport, writeSuite } from '../../../reports/write-report.js';
import { sampleResults, sampleSuite } from '../../fixtures/results.js';
import { temporaryFolders } from '../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

describe('clearing a report', () => {
  test('removes all that a run writes, and nothing else', async () => {
    const dir = folder();
    const scenario = join(dir, 'steady');
    const results = sampleResults({ name: 'steady' });
    await writeScenarioReport(scenario, results);
    await writeSuite(dir, sampleSuite([results]), [results]);
    await mkdir(join(scenario, 'logs'));
    await writeFile(join(scenario, 'logs', 'redis-1.log'), 'ready');
    await mkdir(join(scenario, 'mine'));
    for (const theirs of [dir, scenario, join(scenario, 'mine')]) await writeFile(join(theirs, 'notes.txt'), 'kept');

    await clearScenarioReport(scenario);
    expect((await readdir(scenario, { recursive: true })).sort()).toEqual(['mine', 'mine/notes.txt', 'notes.txt']);
    await clearSuite(dir);
    expect((await readdir(dir)).sort()).toEqual(['notes.txt', 'steady']);
  });

  test('takes the inconclusive runs that were kept beside it, however many, and leaves those of others', async () => {
    const dir = folder();
    const results = sampleResults({ name: 'steady' });
    const beside = ['steady.inconclusive-1', 'steady.inconclusive-12', 'unsteady.inconclusive-1', 'steady.mine'];
    for (const name of beside) await writeScenarioReport(join(dir, name), results);
    await writeFile(join(dir, 'steady.inconclusive-12', 'notes.txt'), 'kept');
    await clearScenarioReport(join(dir, 'steady'));
    expect((await readdir(dir)).sort()).toEqual(['steady.inconclusive-12', 'steady.mine', 'unsteady.inconclusive-1']);
    expect(await readdir(join(dir, 'steady.inconclusive-12'))).toEqual(['notes.txt']);
    for (const name of ['unsteady.inconclusive-1', 'steady.mine'])
      expect(await readdir(join(dir, name))).toContain('results.json');
  });

  test('of a folder that does not exist is nothing to do', async () => {
    const dir = join(folder(), 'none');
    await clearScenarioReport(dir);
    await clearSuite(dir);
  });

  test('says where something is in the way', async () => {
    const dir = folder();
    await mkdir(join(dir, 'suite.json', 'x'), { recursive: true });
    await expect(clearSuite(dir)).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining(join(dir, 'suite.json')),
    });
  });
});
