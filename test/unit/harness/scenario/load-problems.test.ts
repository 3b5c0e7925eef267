import { describe, expect, it } from 'vitest';
import { MINIMAL, onlyProblem, withMore, withPhase } from '../../../fixtures/scenario-texts.js';

describe('problems of values, load and topology', () => {
  it.each<[string, string, string, string]>([
    ['a version that is none', MINIMAL.replace('gauntlet: 1', 'gauntlet: 2'), 'gauntlet', '2: expected 1.'],
    ['no version', MINIMAL.replace('gauntlet: 1\n', ''), 'gauntlet', 'missing; expected 1.'],
    ['no name', MINIMAL.replace('name: minimal\n', ''), 'name', 'missing; expected text.'],
    ['a name with a slash', MINIMAL.replace('minimal', '../up'), 'name', 'expected a name of letters'],
    ['no load', 'gauntlet: 1\nname: x\n', 'load', 'missing; expected a mapping'],
    ['no phases', 'gauntlet: 1\nname: x\nload: {}\n', 'load.phases', 'missing; expected a list'],
    ['an empty list of phases', 'gauntlet: 1\nname: x\nload: { phases: [] }\n', 'load.phases', '[]: expected a list'],
    [
      'zero rate',
      withPhase('{ name: a, rate: 0/s, for: 1s }'),
      'load.phases[0].rate',
      '"0/s": expected a rate above zero.',
    ],
    [
      'a bare zero rate',
      withPhase('{ name: a, rate: 0, for: 1s }'),
      'load.phases[0].rate',
      '0: expected a rate above zero.',
    ],
    [
      'zero duration',
      withPhase('{ name: a, rate: 1/s, for: 0 }'),
      'load.phases[0].for',
      '0: expected a duration above zero.',
    ],
    ['no duration', withPhase('{ name: a, rate: 1/s }'), 'load.phases[0].for', 'missing; expected a duration'],
    [
      'an empty duration',
      withPhase('{ name: a, rate: 1/s, for: }'),
      'load.phases[0].for',
      'nothing: expected a duration',
    ],
    ['no arrivals', withPhase('{ name: a, for: 1s }'), 'load.phases[0].rate', 'missing; expected one of rate: 10000/s'],
    [
      'two arrivals',
      withPhase('{ name: a, rate: 1/s, poisson: 1/s, for: 2s }'),
      'load.phases[0]',
      'expected only one of',
    ],
    [
      'a ramp of nothing',
      withPhase('{ name: a, ramp: { from: 0, to: 0 }, for: 1s }'),
      'load.phases[0].ramp',
      'above zero at one end',
    ],
    ['half a burst', withPhase('{ name: a, burst: { size: 5 }, for: 1s }'), 'load.phases[0].burst.every', 'missing'],
    [
      'a phase without messages',
      withPhase('{ name: a, rate: 1/h, for: 1s }'),
      'load.phases[0].for',
      'sends no message',
    ],
    [
      'an autoscaler that has nothing to scale',
      withMore('consumers: { workers: 4, autoscale: { max: 4 } }'),
      'consumers.autoscale.max',
      '4: expected more than workers, of which there are 4.',
    ],
    [
      'an autoscaler of workers that are several members each',
      withMore('consumers: { workers: 2, autoscale: { max: 4 }, members: 3 }'),
      'consumers.members',
      '3: expected 1: with autoscale',
    ],
    [
      'an autoscaler without a limit',
      withMore('consumers: { autoscale: {} }'),
      'consumers.autoscale.max',
      'missing; expected a whole number',
    ],
    [
      'a fault on a consumer that may not be there',
      withMore('consumers: { workers: 2, autoscale: { max: 4 } }\nfaults: [{ at: 0s, kill: consumer-3 }]'),
      'faults[0].kill',
      'there is no process "consumer-3"',
    ],
    ['too many messages', withPhase('{ name: a, rate: 100000/s, for: 1h }'), 'load.phases', '360000000 messages'],
    [
      'a size below the header',
      MINIMAL.replace('load:\n', 'load:\n  message: { size: 8B }\n'),
      'load.message.size',
      'at least 32B',
    ],
    [
      'keys of no kind',
      MINIMAL.replace('load:\n', 'load:\n  message: { keys: many }\n'),
      'load.message.keys',
      'expected a number of keys',
    ],
    [
      'keys misspelt',
      MINIMAL.replace('load:\n', 'load:\n  message: { keys: { zipf: 9, exponnt: 1 } }\n'),
      'load.message.keys.exponnt',
      'Did you mean "exponent"?',
    ],
    [
      'priorities that do not add up',
      MINIMAL.replace('load:\n', 'load:\n  message: { priorities: [80%, 10%] }\n'),
      'load.message.priorities',
      'add up to 100%',
    ],
    [
      'unknown poison',
      MINIMAL.replace('load:\n', 'load:\n  message: { poison: { failling: 1% } }\n'),
      'load.message.poison.failling',
      'Did you mean "failing"?',
    ],
    [
      'a fraction of a worker',
      withMore('consumers: { workers: 1.5 }'),
      'consumers.workers',
      '1.5: expected a whole number',
    ],
    ['no consumers', withMore('consumers: { workers: 0 }'), 'consumers.workers', '0: expected at least 1.'],
    ['no members', withMore('consumers: { members: 0 }'), 'consumers.members', '0: expected at least 1.'],
    ['too many members', withMore('consumers: { members: 257 }'), 'consumers.members', '257: expected at most 256.'],
    ['text for a number', withMore('producers: { workers: "2" }'), 'producers.workers', '"2": expected a whole number'],
    [
      'a share above one',
      withMore('consumers: { handler: { fail: 101% } }'),
      'consumers.handler.fail',
      '"101%": expected a share',
    ],
    ['a negative seed', withMore('seed: -1'), 'seed', '-1: expected at least 0.'],
    [
      'replicas of a standalone',
      withMore('environment: { redis: { replicas: 2 } }'),
      'environment.redis.replicas',
      'topology: replicated',
    ],
    [
      'replication without replicas',
      withMore('environment: { redis: { topology: replicated, replicas: 0 } }'),
      'environment.redis.replicas',
      'at least one replica',
    ],
    [
      'a phase twice',
      `${MINIMAL}    - { name: steady, rate: 1/s, for: 5s }\n`,
      'load.phases[1].name',
      'exists already',
    ],
  ])('name %s', (_what, text, path, message) => {
    const problem = onlyProblem(text);
    expect(problem.path).toBe(path);
    expect(problem.message).toContain(message);
    expect(problem.line).toBeGreaterThan(0);
  });
});
