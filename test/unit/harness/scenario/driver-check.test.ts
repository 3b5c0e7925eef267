import { describe, expect, it } from 'vitest';
import { checkDriver } from '../../../../harness/scenario/driver-check.js';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { withMore } from '../../../fixtures/scenario-texts.js';

async function check(system: string, gates: string) {
  const findings = await checkDriver(parseScenario(withMore(`system: ${system}\ngates: [${gates}]`), '/x.yaml'));
  return findings.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const NO_ORDER =
  'cannot be measured: driver reference promises no order (its capabilities.ordering is none). Leave the gate out, or have the driver promise ordering: key.';

describe('the members of a built-in driver', () => {
  const problems = async (driver: string) => {
    const text = withMore(`system: { driver: '${driver}' }\nconsumers: { members: 3 }`);
    return (await checkDriver(parseScenario(text, '/x.yaml'))).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  };

  it('are several only where it can open several', async () => {
    expect(await problems('null')).toEqual([
      expect.stringMatching(/^consumers.members: 3 members in one worker: driver null opens one/),
    ]);
    expect(await problems('reference')).toEqual([]);
  });

  it('of an installed package are left to the run', async () => {
    expect(await problems('commander')).toEqual([]);
  });
});

describe('the gates of a built-in driver', () => {
  it('are refused where its options promise no order', async () => {
    const gates = 'lost == 0, reordered == 0, overlapped == 0';
    expect(await check('{ options: { ordering: none } }', gates)).toEqual([
      `gates.1: reordered ${NO_ORDER}`,
      `gates.2: overlapped ${NO_ORDER}`,
    ]);
    expect(await check('{ options: { ordering: key } }', gates)).toEqual([]);
    expect(await check('{}', gates)).toEqual([]);
  });

  it('are refused where the driver itself never promises it', async () => {
    const [problem] = await check("{ driver: 'null' }", 'reordered == 0');
    expect(problem).toContain('gates.0: reordered cannot be measured: driver null promises no order');
    expect(await check("{ driver: 'null' }", 'stranded == 0, lost == 0')).toEqual([]);
  });

  it('stand beside an autoscaler that it has not', async () => {
    const lack =
      'consumers.autoscale: driver null does not scale its consumers (its capabilities.autoscale is not true). Leave consumers.autoscale out, or give the driver an autoscale().';
    const consumers = 'consumers: { workers: 1, autoscale: { max: 3 } }';
    expect(await check(`{ driver: 'null' }\n${consumers}`, 'lost == 0')).toEqual([lack]);
    expect(await check(`{ driver: reference }\n${consumers}`, 'lost == 0')).toEqual([]);
  });

  it('are looked at when its options are right', async () => {
    expect(await check('{ options: { ordering: some } }', 'reordered == 0')).toEqual([
      'system.options.ordering: ordering "some": one of key, none.',
    ]);
  });

  it('of an installed package are left to the run', async () => {
    expect(await check('{ driver: commander, options: { ordering: none } }', 'reordered == 0')).toEqual([]);
  });
});
