import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerList } from '../../../../harness/cli/list.js';
import { registerSchema } from '../../../../harness/cli/schema.js';
import { registerValidate } from '../../../../harness/cli/validate.js';
import { builtInRegistries } from '../../../../harness/scenario/built-in-registries.js';

const VALID = `gauntlet: 1
name: fine
description: Nothing special.
tags: [ci]
system: { driver: 'null' }
load: { phases: [{ name: steady, rate: 100/s, for: 10s }] }
gates: [latency.p99 < 1s]
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gauntlet-validate-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = undefined;
});

/** Runs a command in this process: what it prints, and what it would exit with. */
async function gauntlet(...argv: string[]): Promise<{ out: string; exitCode: number }> {
  const program = new Command('gauntlet').exitOverride();
  for (const register of [registerValidate, registerList, registerSchema]) register(program);
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  const exitCode = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { out, exitCode };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('gauntlet validate', () => {
  it('passes what can be run', async () => {
    const { out, exitCode } = await gauntlet('validate', file('a.yaml', VALID));
    expect(exitCode).toBe(0);
    expect(out).toContain('1000 messages in 10s');
    expect(out).toContain('1 scenario can be run');
  });

  it('exits 2 and prints every problem of every file', async () => {
    file('a.yaml', VALID);
    file('b.yaml', VALID.replace('tags', 'tagz').replace('100/s', '100'));
    file('c.yaml', 'a: [');
    file('d.yaml', '\0');
    const { out, exitCode } = await gauntlet('validate', folder);
    expect(exitCode).toBe(2);
    expect(out).toContain('b.yaml:4:1: tagz: unknown key "tagz". Did you mean "tags"?');
    expect(out).toContain('b.yaml:6:40: load.phases[0].rate: 100: expected a rate');
    expect(out).toContain('c.yaml:1:');
    expect(out).toContain('d.yaml: is binary');
    expect(out).toContain('1 scenario can be run, 3 cannot (4 problems)');
  });

  it('shows warnings and passes', async () => {
    const { out, exitCode } = await gauntlet(
      'validate',
      file('a.yaml', VALID.replace('latency.p99 < 1s', 'lost == 0')),
    );
    expect(exitCode).toBe(0);
    expect(out).toContain('no gate limits the latency of deliveries');
    expect(out).toContain('1 scenario can be run, 1 warning');
  });

  it('warns of names that one run could not tell apart', async () => {
    file('a.yaml', VALID);
    file('b.yaml', VALID);
    const { out, exitCode } = await gauntlet('validate', folder);
    expect(exitCode).toBe(0);
    expect(out).toContain('is named "fine" too');
    expect(out).toContain('2 scenarios can be run, 2 warnings');
  });

  it('does not let a file write to the terminal', async () => {
    file('a.yaml', VALID.replace('latency.p99', '"\\e[31mlost"').replace('tags', '"\\e]0;x\\a"'));
    file('b.yaml', `${VALID}\u0085x: \u001b[31m\n`);
    const { out, exitCode } = await gauntlet('validate', folder);
    expect(exitCode).toBe(2);
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('takes --set, --seed and --json', async () => {
    const path = file('a.yaml', VALID);
    const { out, exitCode } = await gauntlet('validate', path, '--json', '--seed', '3', '--set', 'load.message.size=1');
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      files: [{ path, valid: false, problems: [{ path: 'load.message.size', flag: '--set load.message.size=1' }] }],
    });
    await expect(gauntlet('validate', path, '--seed', 'x')).rejects.toThrow('--seed x: expected a whole number');
    await expect(gauntlet('validate', join(folder, 'none.yaml'))).rejects.toThrow('no such file or folder');
  });
});

describe('gauntlet list', () => {
  it('shows every entry of the registries with its example', async () => {
    const faults = (await gauntlet('list', 'faults')).out;
    for (const { name, example } of builtInRegistries.faults) {
      expect(faults).toContain(name);
      expect(faults).toContain(example);
    }
    expect(faults).toContain('latency: duration, jitter?: duration');
    const gates = (await gauntlet('list', 'gates')).out;
    const metrics = JSON.parse((await gauntlet('list', 'metrics', '--json')).out);
    for (const { name, definition, example } of builtInRegistries.metrics) {
      expect(gates).toContain(example);
      expect(metrics).toContainEqual(expect.objectContaining({ name, summary: definition }));
    }
  });

  it('shows drivers and topologies', async () => {
    expect((await gauntlet('list', 'drivers')).out).toContain('./my-driver.ts');
    expect((await gauntlet('list', 'topologies')).out).toContain('replicated');
  });

  it('shows scenarios with their tags, a broken one too', async () => {
    file('a.yaml', VALID);
    file('b.yaml', 'a: [');
    const { out } = await gauntlet('list', 'scenarios', folder);
    expect(out).toContain('fine  Nothing special.');
    expect(out).toContain('tags: ci');
    expect(out).toContain('cannot be run; see gauntlet validate');
    expect((await gauntlet('list', 'scenarios', join(folder, 'a.yaml'), '--tags', 'ci')).out).toContain('fine');
  });

  it.each(['fault', 'constructor'])('refuses %s', async (what) => {
    await expect(gauntlet('list', what)).rejects.toThrow(
      `there is no list of "${what}"; expected one of faults, gates`,
    );
  });
});

it('gauntlet schema prints JSON Schema', async () => {
  expect(JSON.parse((await gauntlet('schema')).out)).toMatchObject({ title: 'Gauntlet scenario', type: 'object' });
});
