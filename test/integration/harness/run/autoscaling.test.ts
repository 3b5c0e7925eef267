import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Results } from '../../../../reports/results.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';

/** A driver without a system, whose autoscaler does what `mood` says. */
const SCALING = `
const aborted = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
export const createDriver = ({ role, worker, options: { mood }, log }) => ({
  name: 'scaling',
  version: '1',
  capabilities: { ordering: 'none', inventory: false, autoscale: mood !== 'none', redeliveryAfterMs: 0 },
  producer: async () => ({
    publish: (batch, onOutcome) => batch.forEach((_, i) => onOutcome(i, { kind: 'accepted' })),
    async [Symbol.asyncDispose]() {},
  }),
  async consume(_handler, ready, signal) {
    log(role + ' ' + worker.index + ' of ' + worker.count);
    ready();
    await aborted(signal);
  },
  async autoscale(scaler, limits, ready, signal) {
    if (mood === 'refuses') throw new Error('no group to look at');
    ready();
    scaler.tell({ needed: 2.4, ratePerSec: 100, backlog: 7, serviceMs: 12 });
    await scaler.scaleTo(limits.max, 'much comes in');
    await scaler.scaleTo(9, 'more than there may be').catch((error) => log(error.message));
    await scaler.scaleTo(limits.min, 'nothing comes in');
    if (mood === 'returns') return;
    await aborted(signal);
  },
  async [Symbol.asyncDispose]() {},
});
`;

let bed: CliBed;
beforeEach(() => {
  bed = openCliBed();
  writeFileSync(join(bed.dir, 'scaling.mjs'), SCALING);
});
afterEach(() => bed[Symbol.asyncDispose]());

async function run(mood: string) {
  const text = `
gauntlet: 1
name: scaled
system: { driver: ./scaling.mjs, options: { mood: ${mood} } }
consumers: { workers: 1, autoscale: { max: 3 } }
drain: { deadline: 100ms }
load: { phases: [{ name: steady, rate: 100/s, for: 3s }] }
gates: [lost <= 100%, delivered >= 0%, consumers.max <= 3]
`;
  writeFileSync(join(bed.dir, 'scaled.yaml'), text);
  const cli = bed.gauntlet(['run', 'scaled.yaml', '--report', 'report']);
  const code = await cli.ended;
  const results = () => JSON.parse(readFileSync(join(bed.dir, 'report/scaled/results.json'), 'utf8')) as Results;
  return { code, stderr: cli.stderr(), results };
}

describe('a scenario whose consumers the system scales', () => {
  it('has what was asked for, what there was and what was seen in its results and its report', async () => {
    const { stderr, results } = await run('scales');
    const { scaling, gates, logs } = results();
    expect(scaling?.limits).toEqual({ min: 1, max: 3 });
    expect(scaling?.asked).toMatchObject([
      { consumers: 3, reason: 'much comes in' },
      { consumers: 9, refusal: 'consumers 9: the scenario has 1 to 3' },
      { consumers: 1, reason: 'nothing comes in' },
    ]);
    expect(scaling?.looks).toMatchObject([{ needed: 2.4, ratePerSec: 100, backlog: 7, serviceMs: 12 }]);
    expect(scaling?.ready.at(-1)).toMatchObject({ consumers: 0 });
    expect(logs).toEqual(
      expect.arrayContaining(['logs/consumer-2.log', 'logs/consumer-3.log', 'logs/autoscaler-1.log']),
    );
    expect(readFileSync(join(bed.dir, 'report/scaled/logs/consumer-1.log'), 'utf8')).toContain('consumer 0 of 3');
    expect(readFileSync(join(bed.dir, 'report/scaled/logs/autoscaler-1.log'), 'utf8')).toContain(
      'the scenario has 1 to 3',
    );
    expect(gates.find(({ metric }) => metric === 'crashed')?.verdict).toBe('pass');
    expect(stderr).toContain('scaling from 3 to 1 consumers: nothing comes in');
    expect(readFileSync(join(bed.dir, 'report/scaled/index.html'), 'utf8')).toContain('<h3>Consumers</h3>');
    expect(bed.leftovers()).toEqual([]);
  });

  it('fails where the autoscaler ends by itself', async () => {
    const { code, results } = await run('returns');
    const crashed = results().gates.find(({ metric }) => metric === 'crashed');
    expect(crashed).toMatchObject({ verdict: 'fail', observed: 1 });
    expect(crashed?.note).toContain('autoscaler-1: autoscale() of driver scaling ended though nobody asked it to');
    expect(code).toBe(1);
  });

  it('is not run with a driver that has none, or whose autoscaler does not begin', async () => {
    const none = await run('none');
    expect(none.stderr).toContain('consumers.autoscale: driver scaling does not scale its consumers');
    expect(none.code).toBe(2);
    const refused = await run('refuses');
    expect(refused.stderr).toContain('autoscaler-1 did not start: no group to look at');
    expect(refused.code).not.toBe(0);
    expect(bed.leftovers()).toEqual([]);
  });
});
