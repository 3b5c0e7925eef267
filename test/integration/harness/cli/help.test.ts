import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';

let bed: CliBed;
beforeAll(() => {
  bed = openCliBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

async function output(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cli = bed.gauntlet(args, { NO_COLOR: '', ...env });
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}

it('the help of every command has examples', async () => {
  const { stdout } = await output(['--help']);
  const list = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'));
  const commands = [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name as string);
  expect(commands).toEqual(expect.arrayContaining(['setup', 'doctor', 'run', 'validate', 'list', 'schema', 'report']));
  for (const command of commands) {
    const { code, stdout: help } = await output([command, '--help']);
    expect(code).toBe(0);
    expect(help).toMatch(new RegExp(`^Examples:\\n {2}\\$ gauntlet ${command === 'help' ? '' : command}`, 'm'));
  }
});

it('colours are for terminals: a pipe has none even with CI, and can be given some', async () => {
  const args = ['list', 'drivers'];
  expect((await output(args, { CI: '1' })).stdout).not.toContain('\x1b');
  expect((await output(args, { FORCE_COLOR: '1' })).stdout).toContain('\x1b[1m');
  const wrong = ['list', 'nothing'];
  expect((await output(wrong, { CI: '1' })).stderr).toMatch(/^error: /);
  expect((await output(wrong, { FORCE_COLOR: '1' })).stderr).toContain('\x1b[31merror:');
  expect((await output(wrong, { FORCE_COLOR: '1', NO_COLOR: '1' })).stderr).toMatch(/^error: /m);
});
