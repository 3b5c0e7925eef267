import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readResults } from '../../reports/read-results.js';
import { openCliBed } from '../fixtures/cli-bed.js';

/** That the failover scenarios can be failed: without safeguards they are. The reference broker runs this one with the tag ci. */

const SCENARIO = fileURLToPath(new URL('../../scenarios/failover/master-killed-behind-lag.yaml', import.meta.url));
const PLAIN_DRIVER = fileURLToPath(new URL('../fixtures/drivers/plain-streams.ts', import.meta.url));

describe('a master that is killed behind a lagging replication link', () => {
  const bed = openCliBed();
  afterAll(() => bed[Symbol.asyncDispose]());

  it('takes messages with it that a client without WAIT and replay had called stored', async () => {
    const cli = bed.gauntlet(['run', SCENARIO, '--set', `system.driver=${PLAIN_DRIVER}`, '--report', 'report']);
    expect(await cli.ended, cli.stderr()).toBe(1);
    const results = await readResults(join(bed.dir, 'report', 'master-killed-behind-lag', 'results.json'));
    expect(results.faults.filter(({ tookHold }) => !tookHold)).toEqual([]);
    const lost = results.gates.find(({ expression }) => expression === 'lost == 0');
    expect(lost).toMatchObject({ verdict: 'fail' });
    expect(lost!.observed).toBeGreaterThan(0);
  });
});
