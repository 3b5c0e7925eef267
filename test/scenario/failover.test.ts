import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readResults } from '../../reports/read-results.js';
import type { GateResult } from '../../reports/results.js';
import { type CliBed, openCliBed } from '../fixtures/cli-bed.js';

/** That the failover scenarios can be failed: without safeguards they are. The reference broker runs them as they are. */

const SCENARIOS = fileURLToPath(new URL('../../scenarios/failover', import.meta.url));
const PLAIN_DRIVER = fileURLToPath(new URL('../fixtures/drivers/plain-streams.ts', import.meta.url));

describe('a master that is killed behind a lagging replication link', () => {
  const bed = openCliBed();
  afterAll(() => bed[Symbol.asyncDispose]());

  it('takes messages with it that a client without WAIT and replay had called stored', async () => {
    const lost = await failedGate(bed, 'master-killed-behind-lag', [`system.driver=${PLAIN_DRIVER}`], 'lost == 0');
    expect(lost).toBeGreaterThan(0);
  });

  it('takes messages with it that were acknowledged without WAIT, when their producer dies too', async () => {
    const leader = ['system.options.durability=leader'];
    const lost = await failedGate(bed, 'producer-dies-with-master', leader, 'lost == 0');
    expect(lost).toBeGreaterThan(0);
  });

  it('takes settlements with it, and a client that remembers nothing handles those messages twice', async () => {
    // Between a message's own replication and that of its settlement lies the time of its handler: at 0 ms a handful.
    const plain = [`system.driver=${PLAIN_DRIVER}`, 'consumers.handler.time=5ms'];
    const duplicated = await failedGate(bed, 'settlements-lost', plain, 'duplicated == 0');
    expect(duplicated).toBeGreaterThan(0);
  });
});

describe('a server that is killed with all its clients', () => {
  const bed = openCliBed();
  afterAll(() => bed[Symbol.asyncDispose]());

  it('takes messages with it that were acknowledged before they were on a disk', async () => {
    // Snapshots keep the topic, so that everybody can start again, and not the last second.
    const config = 'environment.redis.config';
    const snapshots = ['system.options.durability=leader', `${config}.appendonly=no`, `${config}.save=1 1`];
    const lost = await failedGate(bed, 'fsync-all-killed', snapshots, 'lost == 0');
    expect(lost).toBeGreaterThan(0);
  });
});

/** What a gate observed that failed, in a run of which every fault took hold. */
async function failedGate(
  bed: CliBed,
  scenario: string,
  sets: readonly string[],
  expression: string,
): Promise<number | null> {
  const set = sets.flatMap((one) => ['--set', one]);
  const cli = bed.gauntlet(['run', join(SCENARIOS, `${scenario}.yaml`), ...set, '--report', scenario]);
  expect(await cli.ended, cli.stderr()).toBe(1);
  const results = await readResults(join(bed.dir, scenario, scenario, 'results.json'));
  expect(results.faults.filter(({ tookHold }) => !tookHold)).toEqual([]);
  const gate: GateResult | undefined = results.gates.find((candidate) => candidate.expression === expression);
  expect(gate).toMatchObject({ verdict: 'fail' });
  return gate!.observed;
}
