import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Results } from '../../../../reports/results.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';

/** What a driver of one's own is capable of is known when it has prepared the system: before the load. */

const BLIND = `
export const createDriver = () => ({
  name: 'blind',
  version: '1',
  capabilities: { ordering: 'none', inventory: false, redeliveryAfterMs: 0, durability: 'none at all' },
  producer: async () => ({
    publish: (batch, onOutcome) => batch.forEach((_, i) => onOutcome(i, { kind: 'accepted' })),
    async [Symbol.asyncDispose]() {},
  }),
  consume: (_handler, ready, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      ready();
    }),
  async [Symbol.asyncDispose]() {},
});
`;

let bed: CliBed;
beforeEach(() => {
  bed = openCliBed();
  writeFileSync(join(bed.dir, 'blind.mjs'), BLIND);
});
afterEach(() => bed[Symbol.asyncDispose]());

async function run(gates: string, more = '') {
  const text = `
gauntlet: 1
name: blind
system: { driver: ./blind.mjs }
drain: { deadline: 100ms }
load: { phases: [{ name: steady, rate: 100/s, for: 500ms }] }
gates: [${gates}]
${more}
`;
  writeFileSync(join(bed.dir, 'blind.yaml'), text);
  const cli = bed.gauntlet(['run', 'blind.yaml', '--report', 'report']);
  return { code: await cli.ended, stderr: cli.stderr() };
}

describe('a driver that opens one member in a worker', () => {
  it('is not asked for several: exit code 2, before the load', async () => {
    const { code, stderr } = await run('lost <= 100%', 'consumers: { members: 25 }');
    expect(stderr).toContain('consumers.members: 25 members in one worker: driver blind opens one');
    expect(stderr).not.toMatch(/steady: \d/);
    expect(code).toBe(2);
    expect(bed.leftovers()).toEqual([]);
  });
});

describe('a driver that promises no order and has no inventory', () => {
  it('is not held to gates on them: exit code 2, before the load', async () => {
    const { code, stderr } = await run('reordered == 0, stranded == 0');
    expect(stderr).toContain('gate "reordered == 0" cannot be measured: driver blind promises no order');
    expect(stderr).toContain('gate "stranded == 0" cannot be measured: driver blind cannot read back');
    expect(stderr).not.toMatch(/steady: \d/);
    expect(code).toBe(2);
    expect(bed.leftovers()).toEqual([]);
  });

  it('has the implicit ones left out, and the results say so', async () => {
    const { stderr } = await run('lost <= 100%, latency.p1 < 1h');
    const results = JSON.parse(readFileSync(join(bed.dir, 'report/blind/results.json'), 'utf8')) as Results;
    const leftOut = ['stranded', 'unsettled', 'collateral', 'misjudged', 'overlapped'];
    expect(results.gatesLeftOut?.map(({ expression }) => expression)).toEqual(leftOut.map((name) => `${name} == 0`));
    expect(results.gates.map(({ metric }) => metric).filter((name) => leftOut.includes(name))).toEqual([]);
    expect(stderr).toContain('the gate overlapped == 0 is left out: driver blind promises no order');
    expect(results.run.driver).toMatchObject({ name: 'blind', durability: 'none at all' });
  });
});
