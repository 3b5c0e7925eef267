import { describe, expect, it } from 'vitest';
import { planLoad } from '../../../../harness/load/plan.js';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { validateScenario } from '../../../../harness/scenario/validate-scenario.js';

function check({ phases = ['steady, rate: 1000/s, for: 20s'], faults = '', gates = '', message = '{}' }) {
  const text = `gauntlet: 1
name: x
load:
  message: ${message}
  phases:
${phases.map((phase) => `    - { name: ${phase} }`).join('\n')}
faults: [${faults}]
gates: [${gates}]
`;
  const scenario = parseScenario(text, 'x.yaml');
  const { problems, warnings } = validateScenario(scenario, planLoad(scenario));
  const lines = (list: typeof problems) => list.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  return { problems: lines(problems), warnings: lines(warnings) };
}

const CLEAN = { problems: [], warnings: [] };

describe('a throughput gate against the plan', () => {
  const phases = ['warmup, rate: 5000/s, for: 5s, measure: false', 'steady, rate: 1000/s, for: 10s'];

  it('is fine at 97 %', () => {
    expect(check({ phases, gates: 'throughput >= 970/s during steady' })).toEqual(CLEAN);
    expect(check({ phases, gates: 'throughput >= 970/s' })).toEqual(CLEAN);
  });

  it('is doubtful above 97 %', () => {
    const { problems, warnings } = check({ phases, gates: 'throughput >= 980/s during steady' });
    expect(problems).toEqual([]);
    expect(warnings).toEqual(['9 gates[0]: 980/s of planned 1000/s is more than 97%: one short stall fails it.']);
  });

  it('is refused above 99 %, whatever its scope', () => {
    for (const scope of ['', ' during steady', ' after slow']) {
      const faults = '{ id: slow, at: steady + 1s, latency: 5ms, for: 1s }';
      const { problems } = check({ phases, faults, gates: `throughput > 991/s${scope}` });
      expect(problems, scope).toHaveLength(1);
      expect(problems[0]).toContain('9 gates[0]: 991/s of planned 1000/s is more than 99%');
    }
  });

  it('looks at all phases overall', () => {
    expect(check({ phases, gates: 'throughput >= 2250/s overall' })).toEqual(CLEAN);
    expect(check({ phases, gates: 'throughput >= 2320/s overall' }).problems).toHaveLength(1);
  });

  it('looks at the phases that it names', () => {
    expect(check({ phases, gates: 'throughput >= 4000/s during warmup' })).toEqual(CLEAN);
    expect(check({ phases, gates: '"throughput >= 2500/s during warmup, steady"' }).problems).toHaveLength(1);
  });

  it('does not count poison, which is never delivered', () => {
    const message = '{ poison: { failing: 10% } }';
    expect(check({ message, gates: 'throughput >= 950/s' }).problems).toHaveLength(1);
  });

  it('leaves upper limits alone', () => {
    expect(check({ gates: 'throughput <= 5000/s' })).toEqual(CLEAN);
  });
});

describe('a recovery gate against the load after the fault', () => {
  const phases = ['steady, rate: 1000/s, for: 10s'];
  const fault = (at: string, more = '') => `{ id: slow, at: ${at}, latency: 5ms, for: 1s${more} }`;

  it('needs its limit and three windows', () => {
    expect(check({ phases, faults: fault('5s'), gates: 'recovery < 2s after slow' })).toEqual(CLEAN);
    const { problems } = check({ phases, faults: fault('5001ms'), gates: 'recovery < 2s after slow' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('8 gates[0]: the load ends 4.999s after slow');
    expect(problems[0]).toContain('takes 5s');
  });

  it('counts from the last repetition', () => {
    const faults = fault('1s', ', every: 2s, times: 3');
    expect(check({ phases, faults, gates: 'recovery < 2s after slow' })).toEqual(CLEAN);
    expect(check({ phases, faults, gates: 'recovery < 3s after slow' }).problems).toHaveLength(1);
  });

  it('needs longer windows at low rates', () => {
    const slow = ['steady, rate: 20/s, for: 18s'];
    expect(check({ phases: slow, faults: fault('1s'), gates: 'recovery < 1s after slow' }).problems).toEqual([]);
    expect(check({ phases: slow, faults: fault('3s'), gates: 'recovery < 1s after slow' }).problems).toHaveLength(1);
  });
});

describe('warnings', () => {
  it('say when nothing would notice a system that delivers only in the drain', () => {
    const { problems, warnings } = check({ gates: 'lost == 0, delivered >= 99.9%' });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('8 gates: no gate limits latency, throughput, recovery')]);
    for (const gate of ['latency.p99 < 1s', 'latency.done.max < 1s', 'throughput > 1/s']) {
      expect(check({ gates: gate }).warnings, gate).toEqual([]);
    }
  });

  it('say when a fault falls into a later phase than the one it names', () => {
    const phases = ['first, rate: 100/s, for: 5s', 'second, rate: 100/s, for: 5s'];
    const faults = '{ at: first + 6s, latency: 5ms, for: 1s }';
    expect(check({ phases, faults, gates: 'latency.p99 < 1s' }).warnings).toEqual([
      '8 faults[0].at: latency-1 begins 6s into first, which lasts 5s: it falls into a later phase.',
    ]);
  });

  it('say when a fault outlasts the load', () => {
    const faults = '{ at: 19s, latency: 5ms, for: 5s }';
    expect(check({ faults, gates: 'latency.p99 < 1s' }).warnings).toEqual([
      '7 faults[0]: latency-1 would be lifted 24s into a load that ends after 20s; it is lifted then.',
    ]);
  });
});

it('names the flag that brought a refused gate in', () => {
  const text =
    'gauntlet: 1\nname: x\nload: { phases: [{ name: a, rate: 100/s, for: 9s }] }\ngates: [throughput > 1/s]\n';
  const scenario = parseScenario(text, 'x.yaml', { set: ['gates[0]=throughput > 100/s'] });
  const { problems } = validateScenario(scenario);
  expect(problems).toMatchObject([{ flag: '--set gates[0]=throughput > 100/s', line: undefined }]);
});
