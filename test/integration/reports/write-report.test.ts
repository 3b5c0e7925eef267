import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readResults, readSuite } from '../../../reports/read-results.js';
import type { Results } from '../../../reports/results.js';
import { ensureWritable, writeScenarioReport, writeSuite } from '../../../reports/write-report.js';
import { sampleResults, sampleSuite } from '../../fixtures/results.js';
import { temporaryFolders } from '../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

describe('the report folder', () => {
  test('has exactly the files of the contract, and reads back', async () => {
    const dir = folder();
    const results = sampleResults({ verdict: 'fail' });
    const suite = sampleSuite([results], ['gone']);
    await writeScenarioReport(join(dir, 'latency-and-kill'), results);
    await writeSuite(dir, suite, [results]);
    expect((await readdir(dir)).sort()).toEqual([
      'index.html',
      'junit.xml',
      'latency-and-kill',
      'suite.json',
      'summary.md',
    ]);
    expect((await readdir(join(dir, 'latency-and-kill'))).sort()).toEqual(
      ['e2e.hgrm', 'e2e.hlog', 'index.html', 'metrics.txt', 'publish.hgrm', 'publish.hlog', 'results.json'].sort(),
    );
    expect(await readResults(join(dir, 'latency-and-kill', 'results.json'))).toEqual(results);
    expect(await readSuite(join(dir, 'suite.json'))).toEqual(suite);
  });

  test('is made again byte for byte from what was stored', async () => {
    const [first, second] = [folder(), folder()];
    await writeScenarioReport(first, sampleResults());
    await writeScenarioReport(second, await readResults(join(first, 'results.json')));
    for (const name of await readdir(first)) {
      expect(await readFile(join(second, name), 'utf8'), name).toBe(await readFile(join(first, name), 'utf8'));
    }
  });

  test('holds infinite numbers as null', async () => {
    const dir = folder();
    const results = sampleResults();
    const gate = { ...results.gates[0]!, observed: Number.POSITIVE_INFINITY };
    await writeScenarioReport(dir, { ...results, gates: [gate] });
    expect((await readResults(join(dir, 'results.json'))).gates[0]!.observed).toBeNull();
  });

  test('refuses a document that its own reader would refuse', async () => {
    const dir = folder();
    const results = { ...sampleResults(), verdict: 'maybe' } as unknown as Results;
    await expect(writeScenarioReport(dir, results)).rejects.toMatchObject({ code: 'invalid' });
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('a folder that cannot be written', () => {
  test('because a file is in the way', async () => {
    const dir = folder();
    await writeFile(join(dir, 'file'), '');
    const error = {
      code: 'unwritable',
      message: expect.stringMatching(/file.*is a file, not a folder.*--report DIR/s),
    };
    await expect(ensureWritable(join(dir, 'file', 'report'))).rejects.toMatchObject(error);
    await expect(ensureWritable(join(dir, 'file'))).rejects.toMatchObject(error);
    await expect(writeScenarioReport(join(dir, 'file'), sampleResults())).rejects.toMatchObject(error);
    await expect(writeSuite(join(dir, 'file'), sampleSuite([]), [])).rejects.toMatchObject(error);
  });

  test('because a folder has the name of a file: the half-written one is removed', async () => {
    const dir = folder();
    await mkdir(join(dir, 'results.json', 'x'), { recursive: true });
    await expect(writeScenarioReport(dir, sampleResults())).rejects.toMatchObject({ code: 'unwritable' });
    expect(await readdir(dir)).toEqual(['results.json']);
  });

  // Root writes wherever permissions are all that is in the way; for it the next test is the one.
  if (process.getuid?.() !== 0) {
    test('because of its permissions', async () => {
      const dir = folder();
      await chmod(dir, 0o500);
      await expect(ensureWritable(dir)).rejects.toMatchObject({
        code: 'unwritable',
        message: expect.stringContaining(dir),
      });
      await chmod(dir, 0o700);
    });
  }

  test.runIf(process.platform === 'linux')('because the file system refuses', async () => {
    const error = {
      code: 'unwritable',
      message: expect.stringMatching(/\/proc\/gauntlet-report.*another with --report DIR/),
    };
    await expect(ensureWritable('/proc/gauntlet-report')).rejects.toMatchObject(error);
  });

  test('is found out without leaving anything in one that can', async () => {
    const dir = join(folder(), 'deep', 'report');
    await ensureWritable(dir);
    expect(await readdir(dir)).toEqual([]);
  });
});
