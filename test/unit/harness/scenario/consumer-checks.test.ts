import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { onlyProblem, withMore } from '../../../fixtures/scenario-texts.js';

const except = (entries: string, more = '') =>
  withMore(`consumers: { workers: 3, handler: { time: 4ms, fail: 1% }, except: { ${entries} } ${more}}`);

describe('consumers with another handler than their peers', () => {
  it('take from their peers what is not said of them', () => {
    const { consumers } = parseScenario(except('consumer-3: { handler: { time: 100ms } }'), 'x');
    expect(consumers).toEqual({
      workers: 3,
      members: 1,
      concurrency: 64,
      handler: { timeMs: 4, cpuMs: 0, failShare: 0.01 },
      except: { 'consumer-3': { handler: { timeMs: 100, cpuMs: 0, failShare: 0.01 } } },
    });
  });

  it.each(['steady', '[steady]'])('have it for a while: during: %s', (during) => {
    const text = except(`consumer-1: { handler: { fail: 0 }, during: ${during} }`);
    expect(parseScenario(text, 'x').consumers.except?.['consumer-1']).toEqual({
      handler: { timeMs: 4, cpuMs: 0, failShare: 0 },
      during: ['steady'],
    });
  });

  it('are not there unless they are named', () => {
    expect(parseScenario(except(''), 'x').consumers).not.toHaveProperty('except');
    expect(parseScenario(withMore(''), 'x').consumers).not.toHaveProperty('except');
  });

  it.each([
    [
      'consumer-33: { handler: { time: 1ms } }',
      '.consumer-33',
      'no consumer "consumer-33" in this scenario. Did you mean "consumer-3"?',
    ],
    ['producer-1: { handler: { time: 1ms } }', '.producer-1', 'There are: consumer-1, consumer-2, consumer-3.'],
    [
      'consumer-1: { handler: { time: 1ms }, during: stedy }',
      '.consumer-1.during',
      'no phase is named "stedy". Did you mean "steady"?',
    ],
    ['consumer-1: { handler: { time: 1ms }, during: [steady, later] }', '.consumer-1.during[1]', 'There are: steady.'],
    ['consumer-1: { handler: {} }', '.consumer-1.handler', 'what the handler of its peers does; give it another'],
    ['consumer-1: { handler: { time: 4ms } }', '.consumer-1.handler', 'or leave it out'],
    ['consumer-1: { handler: { tme: 1ms } }', '.consumer-1.handler.tme', 'Did you mean "time"?'],
    ['consumer-1: { handler: { time: 1 } }', '.consumer-1.handler.time', '1: expected a duration'],
    ['consumer-1: {}', '.consumer-1.handler', 'missing'],
    [
      'consumer-1: { handler: { time: 1ms }, during: 3 }',
      '.consumer-1.during',
      '3: expected a phase, or a list of phases',
    ],
  ])('are refused with %s', (entries, path, message) => {
    const problem = onlyProblem(except(entries));
    expect(problem.path).toBe(`consumers.except${path}`);
    expect(problem.message).toContain(message);
    expect(problem.line).toBeGreaterThan(0);
  });
});
