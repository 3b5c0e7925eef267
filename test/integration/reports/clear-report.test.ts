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
