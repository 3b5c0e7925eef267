import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../../harness/colours.js';
import { EnvironmentError } from '../../../../harness/environment/environment-error.js';
import { EXIT } from '../../../../harness/exit-codes.js';
import { InterruptedError } from '../../../../harness/run/interrupt.js';
import { mergeExitCodes } from '../../../../harness/run/run-suite.js';
import { renderVerdictTable } from '../../../../harness/run/verdict-table.js';
import { readResults, readSuite } from '../../../../reports/read-results.js';
import { resultsOf, type ScriptedRun, suiteRun } from '../../../fixtures/suite-run.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const passes: ScriptedRun = (options) => resultsOf(options);
const breaks: ScriptedRun = () => {
  throw new EnvironmentError('server-ended', 'redis-1 ended');
};
const only =
  (name: string, script: ScriptedRun): ScriptedRun =>
  (options) =>
    (options.scenario.name === name ? script : passes)(options);

describe('the exit code of a suite', () => {
  it('is the first that applies of interrupted, usage, failed, environment, inconclusive, pass', () => {
    const { pass, gateFailed, usage, environment, inconclusive, interrupted } = EXIT;
    expect(mergeExitCodes([pass, inconclusive, environment, gateFailed, usage, interrupted])).toBe(130);
    expect(mergeExitCodes([pass, inconclusive, environment, gateFailed, usage])).toBe(2);
    expect(mergeExitCodes([inconclusive, environment, gateFailed])).toBe(1);
    expect(mergeExitCodes([inconclusive, environment])).toBe(3);
    expect(mergeExitCodes([inconclusive, pass])).toBe(4);
    expect(mergeExitCodes([pass, pass])).toBe(0);
  });
});

describe('a suite', () => {
  it('runs one scenario after the other, and writes a report of each and of all', async () => {
    const dir = folder();
    const { exitCode, suite, begun } = await suiteRun(dir, ['one', 'two'], passes);
    expect({ exitCode, begun, verdict: suite.verdict }).toEqual({
      exitCode: 0,
      begun: ['one', 'two'],
      verdict: 'pass',
    });
    expect(await readSuite(join(dir, 'suite.json'))).toEqual(suite);
    for (const name of begun) expect(readFileSync(join(dir, 'index.html'), 'utf8')).toContain(`./${name}/index.html`);
  });

  it('goes on after a run that failed or ended in an error, and says so', async () => {
    const script = only('one', (options) => resultsOf(options, { verdict: 'fail' }));
    const failed = await suiteRun(folder(), ['one', 'two'], script);
    expect(failed).toMatchObject({ exitCode: 1, begun: ['one', 'two'], suite: { verdict: 'fail' } });
    const dir = folder();
    const broken = await suiteRun(dir, ['one', 'two'], only('one', breaks));
    expect(broken).toMatchObject({ exitCode: 3, begun: ['one', 'two'], suite: { verdict: 'inconclusive' } });
    expect(broken.suite.scenarios).toMatchObject([
      { name: 'one', folder: null, verdict: 'error', reason: 'redis-1 ended', logs: ['one/logs/redis-1.log'] },
      { name: 'two', folder: 'two', verdict: 'pass' },
    ]);
    expect(readFileSync(join(dir, 'index.html'), 'utf8')).toContain('<a href="./one/logs/redis-1.log">redis-1.log</a>');
  });

  it('stops at the first that does not pass with --fail-fast, among repetitions too', async () => {
    const script = only('two', (options) => resultsOf(options, { verdict: 'inconclusive' }));
    const stopped = await suiteRun(folder(), ['one', 'two', 'three'], script, { failFast: true });
    expect(stopped).toMatchObject({ exitCode: 4, begun: ['one', 'two'] });
    const repeated = await suiteRun(folder(), ['two', 'three'], script, { failFast: true, repeat: 3 });
    expect(repeated).toMatchObject({ exitCode: 4, begun: ['two-1'] });
  });

  it('that is interrupted names what never ran', async () => {
    const controller = new AbortController();
    const script = only('two', () => {
      const error = new InterruptedError('interrupted by SIGINT');
      controller.abort(error);
      throw error;
    });
    const { suite, exitCode, begun } = await suiteRun(folder(), ['one', 'two', 'three'], script, {}, controller.signal);
    expect({ exitCode, begun, verdict: suite.verdict }).toEqual({
      exitCode: 130,
      begun: ['one', 'two'],
      verdict: 'inconclusive',
    });
    expect(suite.scenarios.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['pass', 'All 16 gates passed.'],
      ['interrupted', 'interrupted by SIGINT'],
      ['interrupted', 'never run'],
    ]);
  });
});

describe('a suite with --repeat', () => {
  const values = [4, 3, 12];
  /** The gate on latency fails in the third run. */
  const varies: ScriptedRun = (options) => {
    const results = resultsOf(options);
    const observed = values[options.repetition - 1] as number;
    const verdict = observed < 10 ? 'pass' : 'fail';
    const gates = results.gates.map((gate) =>
      gate.metric === 'latency.p99' ? { ...gate, observed, verdict: verdict as typeof gate.verdict } : gate,
    );
    return { ...results, verdict, gates };
  };

  it('runs each scenario n times, each with a report of its own', async () => {
    const dir = folder();
    const { begun, exitCode, suite, results } = await suiteRun(dir, ['one', 'two'], only('two', breaks), { repeat: 2 });
    expect({ begun, exitCode }).toEqual({ begun: ['one-1', 'one-2', 'two-1', 'two-2'], exitCode: 3 });
    expect(suite.scenarios.map(({ name, folder: place }) => [name, place])).toEqual([
      ['one', 'one-1'],
      ['one', 'one-2'],
      ['two', null],
      ['two', null],
    ]);
    expect(results.map(({ run }) => run.repetition)).toEqual([1, 2]);
  });

  it('tells all values of a gate, their median and interval, in every report and summary', async () => {
    const dir = folder();
    const { exitCode, suite, results } = await suiteRun(dir, ['one'], varies, { repeat: 3 });
    expect(exitCode).toBe(1);
    for (const name of ['one-1', 'one-2', 'one-3']) {
      const stored = await readResults(join(dir, name, 'results.json'));
      const latency = stored.gates.find(({ metric }) => metric === 'latency.p99');
      expect(latency).toMatchObject({
        repeats: values,
        overRuns: { runs: 3, passed: 2, verdict: 'fail', median: 4, interval: [3, 12], confidence: 0.75 },
      });
      expect(readFileSync(join(dir, name, 'index.html'), 'utf8')).toContain('median 4.00 ms, 3.00 ms to 12.0 ms');
    }
    const page = readFileSync(join(dir, 'index.html'), 'utf8');
    expect(page).toContain('Over all runs');
    expect(page).toContain('median 4.00 ms, 3.00 ms to 12.0 ms (at 75 %); 2 of 3 passed');
    const summary = readFileSync(join(dir, 'summary.md'), 'utf8');
    expect(summary).toMatch(
      /fail \(2 of 3 runs\) \| 4\.00 ms, 3\.00 ms to 12\.0 ms \(at 75 %\) \| 4\.00 ms; 3\.00 ms; 12\.0 ms/,
    );
    const table = renderVerdictTable(suite, results, coloursOf({}));
    expect(table).toMatch(/latency\.p99 < 10ms during steady: 2 of 3, median 4\.00 ms, 3\.00 ms to 12\.0 ms/);
  });

  it('counts only runs with a verdict, and without it nothing is said of all runs', async () => {
    const script: ScriptedRun = (options) => (options.repetition === 2 ? breaks : passes)(options);
    const { results, exitCode, suite } = await suiteRun(folder(), ['one'], script, { repeat: 3 });
    expect(exitCode).toBe(3);
    expect(suite.scenarios.map(({ verdict }) => verdict)).toEqual(['pass', 'error', 'pass']);
    expect(results[0]?.gates[0]?.overRuns).toMatchObject({ runs: 2, passed: 2 });

    const dir = folder();
    const once = await suiteRun(dir, ['one'], passes);
    expect(once.results[0]?.gates[0]?.overRuns).toBeUndefined();
    for (const name of ['index.html', 'summary.md'])
      expect(readFileSync(join(dir, name), 'utf8')).not.toContain('Over all runs');
  });
});

describe('a report folder that was used before', () => {
  it('says nothing of the runs before, however the new one ends, and keeps what is not of a run', async () => {
    const dir = folder();
    await suiteRun(dir, ['one', 'two', 'other'], passes);
    writeFileSync(join(dir, 'one', 'notes.txt'), 'mine');
    writeFileSync(join(dir, 'two', 'logs', 'old.log'), '');

    let seen: string[] = [];
    const script: ScriptedRun = (options) => {
      seen = ['index.html', 'suite.json', 'one/results.json', 'two/index.html'].filter((name) =>
        existsSync(join(dir, name)),
      );
      return breaks(options);
    };
    await suiteRun(dir, ['one', 'two'], script, { failFast: true });
    expect(seen).toEqual([]);
    for (const gone of ['one/index.html', 'one/metrics.txt', 'two/results.json', 'two/logs/old.log']) {
      expect(existsSync(join(dir, gone)), gone).toBe(false);
    }
    for (const kept of ['one/notes.txt', 'one/logs/redis-1.log', 'other/results.json']) {
      expect(existsSync(join(dir, kept)), kept).toBe(true);
    }
  });

  it('is cleared of each repetition', async () => {
    const dir = folder();
    await suiteRun(dir, ['one'], passes, { repeat: 2 });
    await suiteRun(dir, ['one'], breaks, { repeat: 2, failFast: true });
    expect(existsSync(join(dir, 'one-2', 'results.json'))).toBe(false);
  });
});

describe('the summary on a job page', () => {
  it('is appended to what is there', async () => {
    const page = join(folder(), 'page.md');
    writeFileSync(page, 'before\n');
    const { exitCode, warnings } = await suiteRun(folder(), ['one'], passes, { stepSummary: page });
    expect({ exitCode, warnings }).toEqual({ exitCode: 0, warnings: [] });
    expect(readFileSync(page, 'utf8')).toMatch(/^before\n## Gauntlet: .*pass/);
  });

  it('that cannot be written is warned of and changes no exit code', async () => {
    const page = join(folder(), 'page.md');
    mkdirSync(page);
    const script: ScriptedRun = (options) => resultsOf(options, { verdict: 'fail' });
    const { exitCode, warnings } = await suiteRun(folder(), ['one'], script, { stepSummary: page });
    expect(exitCode).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/GITHUB_STEP_SUMMARY \(.*page\.md\): EISDIR.*summary\.md too/)]);
  });
});
