import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
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

it('the list of drivers is such that YAML reads it back', async () => {
  const { stdout } = await output(['list', 'drivers', '--json']);
  for (const { name, example } of JSON.parse(stdout)) expect(parse(example)).toEqual({ driver: name });
});

it('the list of gates has the implicit ones', async () => {
  const { stdout } = await output(['list', 'gates']);
  const head = stdout.slice(0, stdout.indexOf('lost  limit'));
  for (const gate of ['stranded == 0', 'overlapped == 0', 'availability == 100% outside faults']) {
    expect(head).toContain(`    ${gate}\n`);
  }
  const entries: { name: string; implicit?: string }[] = JSON.parse((await output(['list', 'gates', '--json'])).stdout);
  expect(entries.find(({ name }) => name === 'crashed')?.implicit).toBe('crashed == 0');
  expect(entries.find(({ name }) => name === 'lost')).not.toHaveProperty('implicit');
});

it('run without a path says where scenarios are, where there are none', async () => {
  const { code, stderr } = await output(['run']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/has no such folder: name a scenario .*gauntlet run \S+scenarios\/smoke$/m);
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
