import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askRedis } from '../../../../harness/environment/redis-probe.js';
import { listProxies } from '../../../../harness/environment/toxiproxy-control.js';
import { checkTarget } from '../../../../harness/run/check-target.js';
import { loadScenario } from '../../../../harness/scenario/load-scenario.js';
import { readResults } from '../../../../reports/read-results.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';
import { COMPOSE_FILE, type ComposeServers, startComposeServers } from '../../../fixtures/compose-servers.js';

/** `gauntlet run --env external` with servers that are started as the Compose file starts them. */

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** Passed, or on a busy machine inconclusive. */
const NOTHING_FAILED = [0, 4];

const SHORT = `
gauntlet: 1
name: short
description: A link that is slow for a while, in front of a Redis that is not ours.
system: { driver: reference, options: { partitions: 2, ordering: key } }
load:
  message: { size: 256B, keys: 20 }
  phases:
    - { name: steady, rate: 200/s, for: 3s }
faults:
  - { id: slow, at: steady + 2s, latency: 20ms, for: 500ms }
gates:
  - lost == 0
  - availability == 100% overall
  - delivered == 100%
  - reordered == 0
`;

let bed: CliBed;
let theirs: ComposeServers;
beforeEach(async () => {
  bed = openCliBed();
  theirs = await startComposeServers();
});
afterEach(async () => {
  const left = bed.leftovers();
  await theirs[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
  expect(left).toEqual([]);
});

function run(...args: string[]) {
  const servers = ['--redis', theirs.redisUrl, '--toxiproxy', theirs.toxiproxyUrl];
  return bed.gauntlet(['run', ...args, '--env', 'external', ...servers]);
}

describe('a run on servers of somebody else', () => {
  it('passes, and leaves neither a proxy nor a key of its own with them', async () => {
    writeFileSync(join(bed.dir, 'short.yaml'), SHORT);
    await askRedis(theirs.redis, 'SET', 'gauntlet-theirs', 'kept');
    const cli = run('short.yaml');
    expect(NOTHING_FAILED, cli.stderr()).toContain(await cli.ended);
    const results = await readResults(join(bed.dir, 'gauntlet-report', 'short', 'results.json'));
    expect(results.gates.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(results.run.environment.kind).toBe('external');
    expect(results.faults).toMatchObject([{ id: 'slow', tookHold: true }]);
    expect(await listProxies(theirs.toxiproxyUrl)).toEqual([]);
    expect(await askRedis(theirs.redis, 'KEYS', '*')).toEqual(['gauntlet-theirs']);
  });

  it('does not begin with a suite that cannot be ended', async () => {
    const cli = run(join(ROOT, 'scenarios', 'smoke'));
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toMatch(/^error: 1 of 5 scenarios cannot be run with --env external:\n {2}redis-paused/);
    expect(readdirSync(bed.dir)).not.toContain('gauntlet-report');
  });
});

it.each([COMPOSE_FILE, join(ROOT, 'docs', 'guide', 'environments.md')])(
  'the command in %s names a scenario that such servers can run',
  async (file) => {
    const [, path] = /npx gauntlet run (\S+) --env external/.exec(readFileSync(file, 'utf8')) ?? [];
    checkTarget([await loadScenario(join(ROOT, path ?? ''), { set: [] })], { kind: 'external' });
  },
);
