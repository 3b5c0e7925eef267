import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSuite, readSuite } from '../../../../reports/read-results.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';

/** What `gauntlet run` prints where, on real servers. */

const ESCAPE = '\x1b';
/** The null driver loses everything: this one fails, and says so. */
const FAILING = `
gauntlet: 1
name: failing
system: { driver: 'null' }
load:
  message: { size: 64B }
  phases:
    - { name: steady, rate: 100/s, for: 1s }
gates:
  - lost <= 10
`;

let bed: CliBed;
beforeEach(() => {
  bed = openCliBed();
});
afterEach(async () => {
  const left = bed.leftovers();
  await bed[Symbol.asyncDispose]();
  expect(left).toEqual([]);
});

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(bed.dir, 'failing.yaml'), FAILING);
  const cli = bed.gauntlet(['run', 'failing.yaml', ...args], { NO_COLOR: '', ...env });
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}

describe('gauntlet run', () => {
  it('prints plain lines to the pipes of a CI system, and the summary on its page', async () => {
    const page = join(bed.dir, 'page.md');
    writeFileSync(page, '');
    const { code, stdout, stderr } = await run([], { CI: '1', GITHUB_STEP_SUMMARY: page });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}failing/m);
    expect(stderr).toMatch(/^== 1\/1 failing/m);
    expect(stdout + stderr).not.toContain(ESCAPE);
    expect(readFileSync(page, 'utf8')).toBe(readFileSync(join(bed.dir, 'gauntlet-report', 'summary.md'), 'utf8'));
  });

  it('is silent with --quiet, prints suite.json with --json, repeats, and warns of a page that it cannot write', async () => {
    const args = ['--quiet', '--json', '--repeat', '2'];
    const { code, stdout, stderr } = await run(args, { GITHUB_STEP_SUMMARY: bed.dir });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^warning: .*GITHUB_STEP_SUMMARY .*EISDIR.*\n$/);
    const suite = parseSuite(stdout, 'stdout');
    expect(suite).toMatchObject({ exitCode: 1, verdict: 'fail' });
    expect(suite.scenarios.map(({ folder }) => folder)).toEqual(['failing-1', 'failing-2']);
    expect(await readSuite(join(bed.dir, 'gauntlet-report', 'suite.json'))).toEqual(suite);
  });

  it('stops at the first that does not pass with --fail-fast', async () => {
    const { code } = await run(['--quiet', '--repeat', '3', '--fail-fast'], { FORCE_COLOR: '1' });
    expect(code).toBe(1);
    const suite = parseSuite(readFileSync(join(bed.dir, 'gauntlet-report', 'suite.json'), 'utf8'), 'suite.json');
    expect(suite.scenarios).toHaveLength(1);
  });
});
