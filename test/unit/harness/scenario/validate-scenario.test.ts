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
    expect(check({ gates: 'throughput <= 5000/s, latency.p99 < 1s' })).toEqual(CLEAN);
  });

  it('looks at what lies outside faults as they are planned', () => {
    const later = ['steady, rate: 1000/s, for: 10s', 'busy, rate: 3000/s, for: 10s'];
    // Left are 0 to 9 s at 1000/s and 16 to 20 s at 3000/s: 21,000 messages in 13 s.
    const faults = '{ id: slow, at: busy, latency: 5ms, for: 1s }';
    expect(check({ phases: later, faults, gates: 'throughput >= 1500/s outside faults' })).toEqual(CLEAN);
    expect(check({ phases: later, faults, gates: 'throughput >= 1605/s outside faults' }).problems).toEqual([
      '9 gates[0]: 1605/s of planned 1615.38/s is more than 99%, which no system can be held to; plan more load or lower the limit.',
    ]);
    const twice = '{ id: slow, at: 1s, latency: 5ms, for: 1s, every: 10s, times: 2 }';
    // Left are 7 to 10 s at 1000/s and 17 to 20 s at 3000/s.
    const { warnings } = check({ phases: later, faults: twice, gates: 'throughput >= 1970/s outside faults' });
    expect(warnings).toEqual(['9 gates[0]: 1970/s of planned 2000/s is more than 97%: one short stall fails it.']);
  });
});

describe('a gate that no message is in the scope of', () => {
  const AVAILABILITY = 'the implicit gate availability == 100% outside faults has nothing to judge by and would fail';
  const measured = 'latency.p99 < 1s';

  it('is refused outside faults that cover the load, the implicit one too', () => {
    const phases = ['steady, rate: 1000/s, for: 10s'];
    const whole = '{ id: slow, at: 500ms, latency: 5ms, for: 5s }';
    expect(check({ phases, faults: whole, gates: measured }).problems).toEqual([
      `8 gates: ${AVAILABILITY}: the faults, with a second before each and five after it, cover all measured load. Make the load longer or lift the faults earlier, or state a gate on it of your own, such as availability >= 99% overall.`,
    ]);
    const stated = 'lost == 0 outside faults, availability >= 99% overall';
    expect(check({ phases, faults: whole, gates: `${measured}, ${stated}` }).problems).toEqual([
      '8 gates[1]: lost == 0 outside faults has nothing to judge by and would fail: the faults, with a second before each and five after it, cover all load. Make the load longer or lift the faults earlier.',
    ]);
    const unlifted = '{ id: slow, at: 1s, latency: 5ms }';
    expect(check({ phases, faults: unlifted, gates: measured }).problems).toHaveLength(1);
  });

  it('is fine when a little of the load lies outside', () => {
    for (const faults of ['{ at: 500ms, latency: 5ms, for: 4s }', '{ at: 1500ms, latency: 5ms }']) {
      expect(check({ phases: ['steady, rate: 1000/s, for: 10s'], faults, gates: measured })).toEqual(CLEAN);
    }
  });

  it('is refused when no phase is measured', () => {
    const phases = ['warmup, rate: 1000/s, for: 10s, measure: false'];
    const { problems } = check({ phases, gates: 'lost == 0, latency.p99 < 1s, throughput > 1/s' });
    expect(problems).toEqual([
      '8 gates[1]: latency.p99 < 1s has nothing to judge by and would fail: every phase has measure: false. Leave measure: false out of one, name phases with during, or say overall.',
      '8 gates[2]: throughput > 1/s has nothing to judge by and would fail: every phase has measure: false. Leave measure: false out of one, name phases with during, or say overall.',
      expect.stringContaining(`8 gates: ${AVAILABILITY}: every phase has measure: false.`),
    ]);
    const named = 'latency.p99 < 1s during warmup, throughput > 1/s overall, availability >= 99% overall';
    expect(check({ phases, gates: named })).toEqual(CLEAN);
  });

  it('is refused when the measured phases are over by the time of its fault', () => {
    const phases = ['steady, rate: 1000/s, for: 10s', 'rest, rate: 1000/s, for: 10s, measure: false'];
    const faults = '{ id: slow, at: rest, latency: 5ms, for: 1s }';
    expect(check({ phases, faults, gates: 'latency.p99 < 1s after slow' }).problems).toEqual([
      '9 gates[0]: latency.p99 < 1s after slow has nothing to judge by and would fail: no measured phase has load after slow. Make the load longer, or say overall.',
    ]);
    expect(check({ phases, faults, gates: `${measured}, lost == 0 after slow` })).toEqual(CLEAN);
  });
});

describe('gates after the lifting of a fault', () => {
  const phases = ['steady, rate: 1000/s, for: 20s'];
  const check12 = (gates: string, lift = ', for: 4s') =>
    check({ phases, faults: `{ id: slow, at: 8s, latency: 5ms${lift} }`, gates }).problems;

  it('need the load after it', () => {
    expect(check12('recovery < 5s after slow lifted')).toEqual([]);
    expect(check12('recovery < 6s after slow lifted')).toEqual([
      expect.stringContaining('the load ends 8s after slow lifted'),
    ]);
    expect(check12('unavailable < 8s after slow')).toEqual([]);
    expect(check12('unavailable < 8s after slow lifted')).toHaveLength(1);
    expect(check12('recovery < 1s after slow lifted', '')).toEqual([
      expect.stringContaining('the load ends before what is meant by "after slow lifted"'),
    ]);
  });
});

describe('an unavailability gate against the load after the fault', () => {
  const phases = ['steady, rate: 1000/s, for: 10s'];
  const fault = (more = '') => `{ id: slow, at: 6s, latency: 5ms, for: 1s${more} }`;

  it('is refused when no gap could be as long as its limit', () => {
    expect(check({ phases, faults: fault(), gates: 'unavailable < 3999ms after slow' })).toEqual(CLEAN);
    expect(check({ phases, faults: fault(), gates: 'unavailable < 5s after slow' }).problems).toEqual([
      '8 gates[0]: the load ends 4s after slow, so no gap of 5s can be seen: the gate could never fail. Make the load longer or the limit shorter.',
    ]);
  });

  it('counts from the first repetition, which leaves the most load', () => {
    const repeated = fault(', every: 2s, times: 2');
    expect(check({ phases, faults: repeated, gates: 'unavailable < 3s after slow' }).problems).toEqual([]);
    expect(check({ phases, faults: repeated, gates: 'unavailable <= 4s after slow' }).problems).toHaveLength(1);
  });

  it('leaves lower limits alone', () => {
    expect(check({ phases, faults: fault(), gates: 'unavailable > 5s after slow, latency.p99 < 1s' })).toEqual(CLEAN);
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
    const faults = fault('2s', ', every: 2s, times: 2');
    expect(check({ phases, faults, gates: 'recovery < 3s after slow' })).toEqual(CLEAN);
    expect(check({ phases, faults, gates: 'recovery < 4s after slow' }).problems).toHaveLength(1);
  });

  it('needs longer windows at low rates', () => {
    const slow = ['steady, rate: 20/s, for: 18s'];
    expect(check({ phases: slow, faults: fault('1s'), gates: 'recovery < 1s after slow' }).problems).toEqual([]);
    expect(check({ phases: slow, faults: fault('3s'), gates: 'recovery < 1s after slow' }).problems).toHaveLength(1);
  });
});

it('compares a goodput gate with the plan, and takes it for one that notices delay', () => {
  const message = '{ deadline: 500ms }';
  expect(check({ message, gates: 'goodput >= 960/s' })).toEqual(CLEAN);
  expect(check({ message, gates: 'goodput >= 1000/s' }).problems).toHaveLength(1);
  expect(() => check({ gates: 'goodput >= 960/s' })).toThrow(
    'goodput cannot be measured: its messages have no deadline',
  );
});

describe('warnings', () => {
  it('say when confidence rests on messages that a repeated fault loses in clusters', () => {
    const gates = 'delivered >= 99.9% with confidence 95%, latency.p99 < 1s with confidence 95%';
    const faults = (more: string) => `{ id: slow, at: 2s, latency: 5ms, for: 1s${more} }`;
    expect(check({ gates, faults: faults('') })).toEqual(CLEAN);
    expect(check({ gates, faults: faults(', every: 3s, times: 2') }).warnings).toEqual([
      expect.stringMatching(/gates\[0\]: delivered .* but slow repeats, .*: the interval is too narrow\. .*--repeat/),
    ]);
  });

  it('say when nothing would notice a system that delivers only in the drain', () => {
    const { problems, warnings } = check({ gates: 'lost == 0, delivered >= 99.9%' });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('8 gates: no gate limits the latency of deliveries, ')]);
    for (const gate of [
      'latency.publish.p99 < 1s',
      'instrument.lag.max < 1s',
      'throughput < 1/s',
      'latency.p99 > 1s',
    ]) {
      expect(check({ gates: gate }).warnings, gate).toHaveLength(1);
    }
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
