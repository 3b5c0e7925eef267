import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../../harness/colours.js';
import { EnvironmentError } from '../../../../harness/environment/environment-error.js';
import { InterruptedError } from '../../../../harness/run/interrupt.js';
import type { Progress } from '../../../../harness/run/progress.js';
import { renderVerdictTable } from '../../../../harness/run/verdict-table.js';
import { readResults, readSuite } from '../../../../reports/read-results.js';
import type { Results, Verdict } from '../../../../reports/results.js';
import { resultsOf, type ScriptedRun, suiteRun } from '../../../fixtures/suite-run.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

/** Each run comes to the next of these; the reason names it. */
function comesTo(...verdicts: readonly (Verdict | (() => never))[]): ScriptedRun {
  let run = 0;
  return (options) => {
    const verdict = verdicts[run++];
    if (typeof verdict === 'function') return verdict();
    if (verdict === undefined) throw new Error('run once too often');
    return resultsOf(options, { verdict, reason: `Run ${run}: ${verdict}.` });
  };
}

const breaks = () => {
  throw new EnvironmentError('server-ended', 'redis-1 ended');
};
const again = { rerunInconclusive: 2 };

describe('a run that is inconclusive', () => {
  it('is made again, and the verdict is that of the next; both can be looked at', async () => {
    const dir = folder();
    const seeds: number[] = [];
    const script = comesTo('inconclusive', 'pass');
    const both: ScriptedRun = (options) => {
      seeds.push(options.scenario.seed);
      return script(options);
    };
    const { exitCode, suite, results, begun } = await suiteRun(dir, ['one'], both, again);
    expect({ exitCode, verdict: suite.verdict, begun }).toEqual({
      exitCode: 0,
      verdict: 'pass',
      begun: ['one', 'one'],
    });
    expect(seeds[1]).toBe(seeds[0]);
    expect(results.map(({ verdict, run }) => [verdict, run.attempt])).toEqual([['pass', 2]]);
    expect(suite).toMatchObject({
      rerunInconclusive: 2,
      scenarios: [
        {
          folder: 'one',
          verdict: 'pass',
          reason: 'Run 2: pass.',
          earlier: [{ folder: 'one.inconclusive-1', reason: 'Run 1: inconclusive.', durationMs: expect.any(Number) }],
        },
      ],
    });
    expect(await readSuite(join(dir, 'suite.json'))).toEqual(suite);
    expect((await readResults(join(dir, 'one', 'results.json'))).verdict).toBe('pass');
    expect((await readResults(join(dir, 'one.inconclusive-1', 'results.json'))).verdict).toBe('inconclusive');
    expect(existsSync(join(dir, 'one.inconclusive-1', 'logs', 'redis-1.log'))).toBe(true);
    expect(readFileSync(join(dir, 'one', 'index.html'), 'utf8')).toContain('run 2: before it, inconclusive');
  });

  it('is told of in every summary', async () => {
    const dir = folder();
    const { suite, results } = await suiteRun(dir, ['one'], comesTo('inconclusive', 'pass'), again);
    const page = readFileSync(join(dir, 'index.html'), 'utf8');
    expect(page).toContain('This is run 2 of at most 3.');
    expect(page).toContain('<a href="./one.inconclusive-1/index.html">one.inconclusive-1</a>: Run 1: inconclusive.');
    const told = 'run 2 of at most 3: before it, inconclusive: Run 1: inconclusive.';
    expect(readFileSync(join(dir, 'junit.xml'), 'utf8')).toContain(told);
    expect(renderVerdictTable(suite, results, coloursOf({}))).toContain(`\none: ${told}\n`);
    const summary = readFileSync(join(dir, 'summary.md'), 'utf8');
    expect(summary).toContain('- **one**: run 2 of at most 3; before it, inconclusive:');
  });

  it('is told of while it goes on', async () => {
    const told: string[] = [];
    const progress: Progress = {
      scenario: (title) => told.push(title),
      stage() {},
      event: (text) => told.push(text),
      live() {},
      end() {},
    };
    await suiteRun(folder(), ['one'], comesTo('inconclusive', 'pass'), { ...again, progress });
    expect(told).toEqual([
      '1/1 one',
      'inconclusive, and run again: Run 1: inconclusive.',
      '1/1 one (run 2 of at most 3)',
    ]);
  });

  it('stays inconclusive when the last run is', async () => {
    const dir = folder();
    const script = comesTo('inconclusive', 'inconclusive', 'inconclusive');
    const { exitCode, suite, begun } = await suiteRun(dir, ['one'], script, again);
    expect({ exitCode, verdict: suite.verdict, runs: begun.length }).toEqual({
      exitCode: 4,
      verdict: 'inconclusive',
      runs: 3,
    });
    expect(suite.scenarios[0]?.earlier?.map((one) => one.folder)).toEqual(['one.inconclusive-1', 'one.inconclusive-2']);
    expect(suite.scenarios[0]?.reason).toBe('Run 3: inconclusive.');
  });

  it('that fails afterwards has failed', async () => {
    const { exitCode, suite } = await suiteRun(folder(), ['one'], comesTo('inconclusive', 'fail'), again);
    expect({ exitCode, verdict: suite.verdict }).toEqual({ exitCode: 1, verdict: 'fail' });
    expect(suite.scenarios).toMatchObject([{ verdict: 'fail', earlier: [{ folder: 'one.inconclusive-1' }] }]);
  });

  it('that breaks or is interrupted afterwards has no verdict, and shows what was before', async () => {
    const dir = folder();
    const broken = await suiteRun(dir, ['one'], comesTo('inconclusive', breaks), again);
    const earlier = [{ folder: 'one.inconclusive-1' }];
    expect(broken).toMatchObject({
      exitCode: 3,
      suite: { scenarios: [{ folder: null, verdict: 'error', logs: ['one/logs/redis-1.log'], earlier }] },
    });
    expect(existsSync(join(dir, 'one', 'results.json'))).toBe(false);
    expect(readFileSync(join(dir, 'index.html'), 'utf8')).toContain('./one.inconclusive-1/index.html');

    const controller = new AbortController();
    const stop = () => {
      const error = new InterruptedError('interrupted by SIGINT');
      controller.abort(error);
      throw error;
    };
    const script = comesTo('inconclusive', stop);
    const { exitCode, suite, begun } = await suiteRun(folder(), ['one', 'two'], script, again, controller.signal);
    expect({ exitCode, begun }).toEqual({ exitCode: 130, begun: ['one', 'one'] });
    expect(suite.scenarios).toMatchObject([
      { name: 'one', folder: null, verdict: 'interrupted', reason: 'interrupted by SIGINT', earlier },
      { name: 'two', verdict: 'interrupted', reason: 'never run' },
    ]);
  });

  it('is not made again once the suite is interrupted', async () => {
    const controller = new AbortController();
    const script: ScriptedRun = (options) => {
      controller.abort(new InterruptedError('interrupted by SIGINT'));
      return resultsOf(options, { verdict: 'inconclusive' });
    };
    const { exitCode, begun } = await suiteRun(folder(), ['one'], script, again, controller.signal);
    expect({ exitCode, begun }).toEqual({ exitCode: 130, begun: ['one'] });
  });

  it('is not made again where that would clear nothing up', async () => {
    const told: string[] = [];
    const progress: Progress = { scenario() {}, stage() {}, event: (text) => told.push(text), live() {}, end() {} };
    const script: ScriptedRun = (options) => {
      const results = resultsOf(options, { verdict: 'inconclusive' });
      const gates = results.gates.map((gate): Results['gates'][number] =>
        gate.verdict === 'inconclusive' ? { ...gate, obstacle: 'no-interval' } : gate,
      );
      return { ...results, gates };
    };
    const { exitCode, begun } = await suiteRun(folder(), ['one'], script, { ...again, progress });
    expect({ exitCode, begun }).toEqual({ exitCode: 4, begun: ['one'] });
    expect(told).toEqual(['inconclusive, and not run again: another run would not clear that up']);
  });

  it('is made once when nothing else is asked for', async () => {
    const { exitCode, suite, begun } = await suiteRun(folder(), ['one'], comesTo('inconclusive'));
    expect({ exitCode, begun }).toEqual({ exitCode: 4, begun: ['one'] });
    expect(suite).not.toHaveProperty('rerunInconclusive');
    expect(suite.scenarios[0]).not.toHaveProperty('earlier');
  });
});

describe('a run with any other end', () => {
  it.each<[number, Verdict | (() => never)]>([
    [0, 'pass'],
    [1, 'fail'],
    [3, breaks],
  ])('with exit code %i is never made again', async (code, end) => {
    const { exitCode, begun, suite } = await suiteRun(folder(), ['one'], comesTo(end), again);
    expect({ exitCode, begun }).toEqual({ exitCode: code, begun: ['one'] });
    expect(suite.scenarios[0]).not.toHaveProperty('earlier');
  });
});

describe('with --repeat', () => {
  it('each repetition has its own runs, and what is said of all is of the last ones', async () => {
    const dir = folder();
    const script = comesTo('inconclusive', 'pass', 'pass', 'inconclusive', 'inconclusive', 'pass');
    const { exitCode, suite, results } = await suiteRun(dir, ['one'], script, { ...again, repeat: 3 });
    expect(exitCode).toBe(0);
    expect(suite.scenarios.map(({ folder: place, earlier = [] }) => [place, earlier.map((one) => one.folder)])).toEqual(
      [
        ['one-1', ['one-1.inconclusive-1']],
        ['one-2', []],
        ['one-3', ['one-3.inconclusive-1', 'one-3.inconclusive-2']],
      ],
    );
    expect(results.map(({ run }) => [run.repetition, run.attempt])).toEqual([
      [1, 2],
      [2, undefined],
      [3, 3],
    ]);
    const last = await readResults(join(dir, 'one-3', 'results.json'));
    expect(last.gates[0]?.overRuns).toMatchObject({ runs: 3, passed: 3 });
  });

  it('--fail-fast waits for the verdict', async () => {
    const script = comesTo('inconclusive', 'pass', 'inconclusive', 'fail');
    const options = { ...again, repeat: 3, failFast: true };
    const { exitCode, begun } = await suiteRun(folder(), ['one'], script, options);
    expect({ exitCode, begun }).toEqual({ exitCode: 1, begun: ['one-1', 'one-1', 'one-2', 'one-2'] });
  });
});

it('a report folder that was used before keeps no earlier run', async () => {
  const dir = folder();
  await suiteRun(dir, ['one'], comesTo('inconclusive', 'inconclusive', 'pass'), again);
  await suiteRun(dir, ['one'], comesTo('pass'));
  for (const n of [1, 2]) expect(existsSync(join(dir, `one.inconclusive-${n}`))).toBe(false);
});
