import { expect, it } from 'vitest';
import { consumerLacks, refuseLacks } from '../../../../harness/drivers/consumer-lacks.js';
import { parsedScenario } from '../../../fixtures/parsed-scenario.js';

const driver = (can?: boolean) => ({
  name: 'mine',
  capabilities: can === undefined ? {} : { severalMembers: can, autoscale: can },
});
const several = parsedScenario({ members: 25 }).consumers;
const one = parsedScenario({ members: 1 }).consumers;
const scaled = { ...one, autoscale: { max: 4 } };

it.each([
  [
    'several members',
    several,
    'single-member',
    /^consumers.members: 25 .* driver mine opens one .* Use consumers.workers/,
  ],
  [
    'an autoscaler',
    scaled,
    'no-autoscaler',
    /^consumers.autoscale: driver mine does not scale its consumers .*autoscale\(\)/,
  ],
] as const)('%s that the driver does not have are refused', (_, consumers, code, message) => {
  for (const without of [driver(), driver(false)]) {
    expect(consumerLacks(consumers, without)).toMatchObject([{ code }]);
    expect(() => refuseLacks(consumers, without)).toThrow(
      expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) }),
    );
  }
  expect(consumerLacks(consumers, driver(true))).toEqual([]);
  expect(() => refuseLacks(consumers, driver(true))).not.toThrow();
});

it('nothing is lacking where nothing is wanted, and all that is lacking is told', () => {
  expect(consumerLacks(one, driver())).toEqual([]);
  const both = consumerLacks({ ...several, autoscale: { max: 4 } }, driver());
  expect(both.map(({ key }) => key)).toEqual(['members', 'autoscale']);
});
