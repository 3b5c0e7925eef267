import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { setAside } from '../../../reports/set-aside.js';
import { writeScenarioReport } from '../../../reports/write-report.js';
import { sampleResults } from '../../fixtures/results.js';
import { temporaryFolders } from '../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

describe('setting a run aside', () => {
  test('moves all that it left, and nothing else', async () => {
    const dir = folder();
    const [from, to] = [join(dir, 'steady'), join(dir, 'steady.inconclusive-1')];
    await writeScenarioReport(from, sampleResults({ name: 'steady' }));
    await mkdir(join(from, 'logs'));
    await writeFile(join(from, 'logs', 'redis-1.log'), 'ready');
    const left = (await readdir(from, { recursive: true })).sort();
    await writeFile(join(from, 'notes.txt'), 'mine');
    await setAside(from, to);
    expect((await readdir(to, { recursive: true })).sort()).toEqual(left);
    expect(await readdir(from)).toEqual(['notes.txt']);
  });

  test('of a run without logs is well', async () => {
    const dir = folder();
    await writeScenarioReport(join(dir, 'steady'), sampleResults({ name: 'steady' }));
    await setAside(join(dir, 'steady'), join(dir, 'kept'));
    expect(await readdir(join(dir, 'kept'))).not.toContain('logs');
  });

  test('says where something is in the way', async () => {
    const dir = folder();
    await writeScenarioReport(join(dir, 'steady'), sampleResults({ name: 'steady' }));
    await writeFile(join(dir, 'kept'), '');
    await expect(setAside(join(dir, 'steady'), join(dir, 'kept'))).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining(join(dir, 'kept')),
    });
  });
});
