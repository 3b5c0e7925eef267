import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { readResults } from '../../reports/read-results.js';
import { type GateResult, type Results, type Suite, suiteSchema } from '../../reports/results.js';
import { type CliBed, openCliBed } from '../fixtures/cli-bed.js';

/**
 * The shipped scenarios, as a CI job runs them. What was lost, reordered or never handled is judged whatever the machine
 * does. What a machine that stood still, or had other work, makes of latencies and rates is no result: such a test is
 * skipped and says why, so that nobody takes it for passed.
 */

const SCENARIOS = fileURLToPath(new URL('../../scenarios', import.meta.url));
const LOAD_MINUTES = 10;
const ABOUT_TIME = /^(latency|throughput|goodput|recovery|unavailable|instrument)/;

describe('scenarios with the tag ci', () => {
  const run = suiteOf([SCENARIOS, '--tags', 'ci']);

  it('ran, every one of them', () => {
    expect(run.suite().scenarios.map(({ folder }) => folder)).not.toContain(null);
    expect(run.suite().scenarios.length).toBeGreaterThanOrEqual(6);
    expect(run.leftovers()).toEqual([]);
  });

  it('each fault took hold, no ledger was damaged, and no message was wronged', () => {
    for (const results of run.results()) {
      const { name } = results.run.scenario;
      expect(withoutExcuse(results), name).toEqual([]);
      expect(
        notPassed(results.gates, (gate) => !ABOUT_TIME.test(gate.metric)),
        name,
      ).toEqual([]);
    }
  });

  it('each pass', (context) => {
    for (const results of run.results()) {
      skipIfLate(context, results);
      skipIfInconclusive(context, results);
    }
    expect(run.exitCode()).toBe(0);
    expect(run.suite().verdict).toBe('pass');
  });
});

describe('the demonstration of a failure', () => {
  const run = suiteOf([join(SCENARIOS, 'demo')]);

  it('fails by its latency, and loses nothing', (context) => {
    const [results] = run.results();
    expect(notPassed(results!.gates, ({ metric }) => !ABOUT_TIME.test(metric))).toEqual([]);
    expect(results!.gates.find(({ metric }) => metric === 'latency.p99')!.observed).toBeGreaterThan(500);
    skipIfInconclusive(context, results!);
    expect(results!.verdict).toBe('fail');
    expect(run.exitCode()).toBe(1);
  });
});

interface SuiteRun {
  suite(): Suite;
  results(): readonly Results[];
  exitCode(): number | NodeJS.Signals | null;
  leftovers(): readonly string[];
}

/** Runs the scenarios once, before the tests of the suite that calls this. */
function suiteOf(args: readonly string[]): SuiteRun {
  let bed: CliBed;
  let suite: Suite;
  let exitCode: number | NodeJS.Signals | null;
  const results: Results[] = [];
  beforeAll(async () => {
    bed = openCliBed();
    const cli = bed.gauntlet(['run', ...args, '--json', '--report', 'report']);
    exitCode = await cli.ended;
    if (exitCode !== 0 && exitCode !== 1 && exitCode !== 4) throw new Error(`exit code ${exitCode}:\n${cli.stderr()}`);
    suite = suiteSchema.parse(JSON.parse(cli.stdout()));
    for (const { folder } of suite.scenarios) {
      if (folder !== null) results.push(await readResults(join(bed.dir, 'report', folder, 'results.json')));
    }
  }, LOAD_MINUTES * 60_000);
  afterAll(() => bed[Symbol.asyncDispose]());
  return { suite: () => suite, results: () => results, exitCode: () => exitCode, leftovers: () => bed.leftovers() };
}

function notPassed(gates: readonly GateResult[], counts: (gate: GateResult) => boolean): string[] {
  return gates.filter((gate) => gate.verdict !== 'pass' && counts(gate)).map(told);
}

function told({ verdict, expression, observed, note }: GateResult): string {
  return `${verdict}: ${expression}, observed ${observed}${note === null ? '' : ` (${note})`}`;
}

/** Of what was wrong with the instrument, whatever no busy machine explains. */
function withoutExcuse({ instrument }: Results): string[] {
  return instrument.problems.filter((problem) => !problem.startsWith('the generator fell behind'));
}

function skipIfLate(context: TestContext, { gates, run }: Results): void {
  const late = gates.filter(({ verdict, metric }) => verdict === 'fail' && ABOUT_TIME.test(metric)).map(told);
  if (late.length > 0) context.skip(`too slow here: ${run.scenario.name}: ${late.join('; ')}`);
}

function skipIfInconclusive(context: TestContext, { verdict, reason, run }: Results): void {
  if (verdict === 'inconclusive') context.skip(`this machine cannot tell: ${run.scenario.name}: ${reason}`);
}
