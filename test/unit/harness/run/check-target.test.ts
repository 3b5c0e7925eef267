import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../harness/errors.js';
import { checkTarget } from '../../../../harness/run/check-target.js';
import { findScenarios } from '../../../../harness/scenario/find-scenarios.js';
import { loadScenario } from '../../../../harness/scenario/load-scenario.js';
import type { Scenario } from '../../../../harness/scenario/scenario.js';

const SCENARIOS = fileURLToPath(new URL('../../../../scenarios', import.meta.url));

async function scenariosOf(folder: string): Promise<Scenario[]> {
  return Promise.all((await findScenarios([`${SCENARIOS}/${folder}`])).map((file) => loadScenario(file, { set: [] })));
}

/** What is refused, by name. */
function refused(scenarios: readonly Scenario[], kind: 'native' | 'external'): string[] {
  try {
    checkTarget(scenarios, { kind });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return [...(error as UsageError).message.matchAll(/^ {2}(\S+) \(/gm)].map(([, name]) => name as string);
  }
}

describe('servers of somebody else', () => {
  it('are refused what would pause or kill them, before anything starts, and all at once', async () => {
    const smoke = await scenariosOf('smoke');
    expect(refused(smoke, 'external')).toEqual(['redis-paused']);
    expect(() => checkTarget(smoke, { kind: 'external' })).toThrow(
      /1 of 5 scenarios cannot .*--env external[\s\S]*redis-paused\.yaml\)\n.*\(pause\): redis-master is not a process of ours[\s\S]*Nothing was started/,
    );
  });

  it('are refused topologies and links that they do not have', async () => {
    const failover = (await scenariosOf('failover')).filter(
      ({ environment }) => environment.redis.topology !== 'standalone',
    );
    expect(failover.length).toBeGreaterThan(5);
    expect(refused(failover, 'external')).toHaveLength(failover.length);
    expect(() => checkTarget(failover, { kind: 'external' })).toThrow(/topology: "sentinel" cannot be had/);
    const [steady] = (await scenariosOf('smoke')).filter(({ name }) => name === 'steady');
    const { redis } = steady!.environment;
    const linked = { ...steady!, environment: { redis: { ...redis, ownLinks: ['producer-1'] } } };
    expect(() => checkTarget([linked], { kind: 'external' })).toThrow(/ownLinks cannot be had/);
  });

  it('may have their links broken, their clients killed and the workers killed', async () => {
    const smoke = await scenariosOf('smoke');
    expect(
      refused(
        smoke.filter(({ name }) => name !== 'redis-paused'),
        'external',
      ),
    ).toEqual([]);
  });
});

it('own servers are refused nothing', async () => {
  expect(refused([...(await scenariosOf('smoke')), ...(await scenariosOf('failover'))], 'native')).toEqual([]);
});
