import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { registerReport } from '../../../../harness/cli/report.js';
import { readSuite } from '../../../../reports/read-results.js';
import { writeScenarioReport, writeSuite } from '../../../../reports/write-report.js';
import { sampleResults, sampleSuite } from '../../../fixtures/results.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

async function gauntletReport(...args: string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const program = new Command().exitOverride();
    registerReport(program);
    await program.parseAsync(['report', ...args], { from: 'user' });
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

async function storedSuite(): Promise<string> {
  const dir = folder();
  const all = [sampleResults({ name: 'good' }), sampleResults({ name: 'bad', verdict: 'fail' })];
  for (const results of all) await writeScenarioReport(join(dir, results.run.scenario.name), results);
  await writeSuite(dir, sampleSuite(all, ['gone']), all);
  return dir;
}

describe('gauntlet report', () => {
  test('renders a report folder again as it was, logs included', async () => {
    const from = await storedSuite();
    await mkdir(join(from, 'good', 'logs'));
    await writeFile(join(from, 'good', 'logs', 'redis-1.log'), 'ready');
    const out = join(folder(), 'again');
    expect(await gauntletReport(from, '--out', out)).toBe(`Report: ${join(out, 'index.html')}\n`);
    for (const name of [
      'index.html',
      'junit.xml',
      'summary.md',
      'suite.json',
      'bad/index.html',
      'good/logs/redis-1.log',
    ]) {
      expect(await readFile(join(out, name), 'utf8'), name).toBe(await readFile(join(from, name), 'utf8'));
    }
  });

  test('keeps the logs of a run that came to no results', async () => {
    const from = await storedSuite();
    const suite = await readSuite(join(from, 'suite.json'));
    const logs = ['gone/logs/redis-1.log'];
    const scenarios = suite.scenarios.map((entry) => (entry.name === 'gone' ? { ...entry, logs } : entry));
    await writeFile(join(from, 'suite.json'), JSON.stringify({ ...suite, scenarios }));
    await mkdir(join(from, 'gone', 'logs'), { recursive: true });
    await writeFile(join(from, 'gone', 'logs', 'redis-1.log'), 'the end');
    const out = folder();
    await gauntletReport(from, '--out', out);
    expect(await readFile(join(out, 'gone', 'logs', 'redis-1.log'), 'utf8')).toBe('the end');
    expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('href="./gone/logs/redis-1.log"');
  });

  describe('of a suite in which a run was made again', () => {
    async function storedRerun(earlier = 'good.inconclusive-1'): Promise<string> {
      const from = await storedSuite();
      const suite = await readSuite(join(from, 'suite.json'));
      const before = [{ folder: earlier, reason: 'It was disturbed.', durationMs: 1 }];
      const scenarios = suite.scenarios.map((one) => (one.name === 'good' ? { ...one, earlier: before } : one));
      await writeFile(join(from, 'suite.json'), JSON.stringify({ ...suite, rerunInconclusive: 1, scenarios }));
      const results = sampleResults({ name: 'good', verdict: 'inconclusive' });
      await writeScenarioReport(join(from, 'good.inconclusive-1'), results);
      await mkdir(join(from, 'good.inconclusive-1', 'logs'));
      await writeFile(join(from, 'good.inconclusive-1', 'logs', 'redis-1.log'), 'slow');
      return from;
    }

    test('keeps the earlier run and its logs, and the verdicts as they were', async () => {
      const out = folder();
      await gauntletReport(await storedRerun(), '--out', out);
      const link = '<a href="./good.inconclusive-1/index.html">';
      expect(await readFile(join(out, 'index.html'), 'utf8')).toContain(link);
      expect(await readFile(join(out, 'good.inconclusive-1', 'index.html'), 'utf8')).toContain('inconclusive');
      expect(await readFile(join(out, 'good.inconclusive-1', 'logs', 'redis-1.log'), 'utf8')).toBe('slow');
      expect(await readFile(join(out, 'summary.md'), 'utf8')).toContain('1 of 3 scenarios passed');
    });

    test('composes of several report folders what has the verdicts', async () => {
      const out = folder();
      await gauntletReport(await storedRerun(), await storedSuite(), '--out', out);
      const suite = await readSuite(join(out, 'suite.json'));
      expect(suite.scenarios.map(({ verdict }) => verdict).sort()).toEqual(['fail', 'fail', 'pass', 'pass']);
    });

    test('refuses an earlier run that is not below the report folder', async () => {
      const from = await storedRerun('../good.inconclusive-1');
      await expect(gauntletReport(from, '--out', folder())).rejects.toMatchObject({ code: 'invalid' });
    });
  });

  test('composes a suite of documents that were not run together', async () => {
    const [first, second] = [await storedSuite(), await storedSuite()];
    const out = folder();
    await gauntletReport(join(first, 'good', 'results.json'), join(second, 'good'), join(second, 'bad'), '--out', out);
    expect((await readdir(out)).filter((name) => !name.includes('.')).sort()).toEqual(['bad', 'good', 'good-2']);
    const suite = await readSuite(join(out, 'suite.json'));
    expect(suite).toMatchObject({ verdict: 'fail', exitCode: 1 });
    expect(suite.scenarios.map(({ folder: name }) => name)).toEqual(['good', 'good-2', 'bad']);
  });

  test('writes a scenario named like a path below the folder', async () => {
    const from = folder();
    await writeScenarioReport(from, sampleResults({ name: '../../escape' }));
    const out = join(folder(), 'out');
    await gauntletReport(join(from, 'results.json'), '--out', out);
    expect(await readdir(join(out, '-..-escape'))).toContain('index.html');
  });

  test.each(['../x', '/x', 'a/../../x', ''])('refuses a suite that names the folder %j', async (name) => {
    const from = await storedSuite();
    const suite = await readSuite(join(from, 'suite.json'));
    await writeFile(
      join(from, 'suite.json'),
      JSON.stringify({ ...suite, scenarios: [{ ...suite.scenarios[0], folder: name }] }),
    );
    await expect(gauntletReport(from, '--out', folder())).rejects.toMatchObject({ code: 'invalid' });
    const logs = [`${name}/logs/x.log`.replace(/^\/logs.*/, '')];
    const scenarios = [{ ...suite.scenarios[0], folder: null, logs }];
    await writeFile(join(from, 'suite.json'), JSON.stringify({ ...suite, scenarios }));
    await expect(gauntletReport(from, '--out', folder())).rejects.toMatchObject({ code: 'invalid' });
  });

  test('says what it did not find', async () => {
    const empty = folder();
    await expect(gauntletReport(empty, '--out', folder())).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(`${empty} holds no results.json`),
    });
    await expect(gauntletReport(join(empty, 'none'), '--out', folder())).rejects.toMatchObject({ code: 'not-found' });
  });
});
