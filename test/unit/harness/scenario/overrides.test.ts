import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { EXAMPLE, MINIMAL, onlyProblem } from '../../../fixtures/scenario-texts.js';

describe('--set and --seed', () => {
  it('replace values, by index or by name', () => {
    const scenario = parseScenario(EXAMPLE, 'x', {
      set: [
        'load.message.size=4KiB',
        'load.phases[1].rate=20000/s',
        'load.phases.after.for=1m',
        'faults.master-dies.at=failover + 3s',
        'system.options.partitions=8',
        'consumers.handler={ cpu: 2ms }',
        'gates[2]=reordered <= 3',
      ],
      seed: 7,
    });
    expect(scenario.seed).toBe(7);
    expect(scenario.load.message.sizeBytes).toBe(4096);
    expect(scenario.load.phases[1]?.arrivals).toEqual({ kind: 'constant', ratePerSec: 20_000 });
    expect(scenario.load.phases[3]?.durationMs).toBe(60_000);
    expect(scenario.faults[0]?.at).toMatchObject({ offsetMs: 3000 });
    expect(scenario.system.options.partitions).toBe(8);
    expect(scenario.consumers.handler.cpuMs).toBe(2);
    expect(scenario.gates[2]?.limit.value).toBe(3);
    expect(scenario.source.overrides).toHaveLength(8);
    expect(scenario.source.text).toBe(EXAMPLE);
  });

  it('make sections that the file leaves out', () => {
    expect(parseScenario(MINIMAL, 'x', { set: ['drain.deadline=5s'] }).drain.deadlineMs).toBe(5000);
  });

  it.each([
    ['load.mesage.size=4KiB', 'unknown key "mesage". Did you mean "message"?'],
    ['load.message.size=4KB', '"4KB": expected a size'],
    ['load.phases[0].rate=fast', '"fast": expected a rate'],
    ['gates[0]=lst == 0', 'no metric is named "lst"'],
  ])('name the flag of a problem: %s', (setting, message) => {
    const problem = onlyProblem(EXAMPLE, { set: [setting] });
    expect(problem).toMatchObject({ flag: `--set ${setting}`, line: undefined });
    expect(problem.message).toContain(message);
  });

  it.each([
    ['load.message.size', 'expected path=value'],
    ['=5', 'expected path=value'],
    ['load.phases[9].rate=1/s', 'load.phases has no entry "9"'],
    ['load.phases.stedy.rate=1/s', 'Did you mean "steady"?'],
    ['name.first=x', 'nothing can be set inside it'],
    ['tags=[a', 'not YAML'],
  ])('refuse %s', (setting, message) => {
    expect(() => parseScenario(EXAMPLE, 'x', { set: [setting] })).toThrow(message);
  });

  it('leave prototypes alone', () => {
    expect(() => parseScenario(EXAMPLE, 'x', { set: ['__proto__.polluted=1'] })).toThrow('__proto__');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('check the seed', () => {
    expect(onlyProblem(EXAMPLE, { seed: -3 })).toMatchObject({ flag: '--seed -3' });
  });
});
