import { describe, expect, it } from 'vitest';
import { onlyProblem, problemsOf, withMore } from '../../../fixtures/scenario-texts.js';

describe('problems of faults and gates', () => {
  it.each<[string, string, string, string]>([
    ['faults that are no list', withMore('faults: { latency: 1ms }'), 'faults', 'expected a list of faults'],
    ['a fault that is no mapping', withMore('faults: [latency]'), 'faults[0]', '"latency": expected a fault such as'],
    ['a fault of no kind', withMore('faults: [{ at: 1s }]'), 'faults[0]', 'names no kind of fault. Kinds: '],
    [
      'a fault of an unknown kind',
      withMore('faults: [{ at: 1s, earthquake: 7 }]'),
      'faults[0].earthquake',
      '"earthquake" is no kind of fault',
    ],
    [
      'two faults in one',
      withMore('faults: [{ at: 1s, latency: 5ms, down: redis-1.clients }]'),
      'faults[0].down',
      'is a latency already',
    ],
    [
      'a fault without a time',
      withMore('faults: [{ latency: 5ms }]'),
      'faults[0].at',
      'missing; expected a time such as',
    ],
    [
      'a time that is none',
      withMore('faults: [{ at: soon + 5, latency: 5ms }]'),
      'faults[0].at',
      'expected a duration with its unit after the +',
    ],
    [
      'a phase that does not exist',
      withMore('faults: [{ at: stedy + 1s, latency: 5ms }]'),
      'faults[0].at',
      'Did you mean "steady"?',
    ],
    [
      'a lifted phase',
      withMore('faults: [{ at: steady lifted + 1s, latency: 5ms }]'),
      'faults[0].at',
      'only a fault is lifted',
    ],
    [
      'a parameter misspelt',
      withMore('faults: [{ at: 1s, latency: 5ms, jiter: 1ms }]'),
      'faults[0].jiter',
      'Did you mean "jitter"?',
    ],
    [
      'a direction misspelt',
      withMore('faults: [{ at: 1s, latency: 5ms, direction: downsteam }]'),
      'faults[0].direction',
      'Did you mean "downstream"?',
    ],
    [
      'every without times',
      withMore('faults: [{ at: 1s, latency: 5ms, for: 1s, every: 2s }]'),
      'faults[0].every',
      'every needs times: 3',
    ],
    [
      'repeats that overlap',
      withMore('faults: [{ at: 1s, latency: 5ms, for: 2s, every: 1s, times: 2 }]'),
      'faults[0].every',
      'before it is lifted',
    ],
    [
      'a node that the topology lacks',
      withMore('faults: [{ at: 1s, kill: redis-2 }]'),
      'faults[0].kill',
      'no process "redis-2" in this scenario (standalone Redis',
    ],
    [
      'a link that the topology lacks',
      withMore('faults: [{ at: 1s, down: redis-1.peers }]'),
      'faults[0].down',
      'no link "redis-1.peers"',
    ],
    [
      'a fault that the topology cannot have',
      withMore('faults: [{ at: 1s, failover: redis-master }]'),
      'faults[0].failover',
      'failover needs topology: sentinel or cluster (this is standalone)',
    ],
    [
      'a node to be sent commands that the topology lacks',
      withMore('faults: [{ at: 1s, flush: redis-2 }]'),
      'faults[0].flush',
      'no node "redis-2"',
    ],
    [
      'a member of a partition that does not exist',
      withMore(
        'environment: { redis: { topology: sentinel } }\nfaults: [{ at: 1s, partition: [redis-1, sentinel-9] }]',
      ),
      'faults[0].partition[1]',
      'no link "sentinel-9.peers"',
    ],
    [
      'a worker in a partition that has no links of its own',
      withMore(
        'environment: { redis: { topology: replicated } }\nfaults: [{ at: 1s, partition: [redis-1, producer-1] }]',
      ),
      'faults[0].partition[0]',
      'no link "redis-1.producer-1"',
    ],
    [
      'a partition of one name',
      withMore('environment: { redis: { topology: replicated } }\nfaults: [{ at: 1s, partition: redis-1 }]'),
      'faults[0].partition',
      'expected a list of servers',
    ],
    [
      'settings that are none',
      withMore('faults: [{ at: 1s, config: redis-1, set: { maxmemory: [1mb] } }]'),
      'faults[0].set.maxmemory',
      'expected text, a number, true or false',
    ],
    [
      'a worker that does not exist',
      withMore('faults: [{ at: 1s, kill: consumer-2 }]'),
      'faults[0].kill',
      'Did you mean "consumer-1"?',
    ],
    [
      'a fault after the load',
      withMore('faults: [{ at: steady + 11s, latency: 5ms }]'),
      'faults[0].at',
      'due 11s into a load that ends after 10s',
    ],
    [
      'a repetition after the load',
      withMore('faults: [{ at: 1s, latency: 5ms, for: 1s, every: 5s, times: 3 }]'),
      'faults[0].times',
      'its last repetition is due 11s',
    ],
    [
      'a fault after one never lifted',
      withMore('faults: [{ id: a, at: 1s, latency: 5ms }, { at: a lifted, latency: 5ms }]'),
      'faults[1].at',
      '"a" is not lifted before the load ends',
    ],
    [
      'an id twice',
      withMore('faults: [{ id: a, at: 1s, latency: 5ms }, { id: a, at: 2s, latency: 5ms }]'),
      'faults[1].id',
      'ids are unique',
    ],
    [
      'an id that is a phase',
      withMore('faults: [{ id: steady, at: 1s, latency: 5ms }]'),
      'faults[0].id',
      'a phase is named "steady" too',
    ],
    ['a gate that is no text', withMore('gates: [{ lost: 0 }]'), 'gates[0]', 'expected a gate such as lost == 0'],
    ['a gate after an unknown fault', withMore('gates: [lost == 0 after a]'), 'gates[0]', 'The scenario has no faults'],
    [
      'a directive that is the environment’s',
      withMore('environment: { redis: { config: { port: 7000 } } }'),
      'environment.redis.config.port',
      '"7000" cannot be set',
    ],
    [
      'a directive that is none',
      withMore('environment: { redis: { config: { "max memory": 1 } } }'),
      'environment.redis.config.max memory',
      'is not the name of a redis.conf directive',
    ],
  ])('name %s', (_what, text, path, message) => {
    const problem = onlyProblem(text);
    expect(problem.path).toBe(path);
    expect(problem.message).toContain(message);
    expect(problem.line).toBeGreaterThan(0);
  });

  it('find times that wait for each other', () => {
    const text = withMore(
      'faults: [{ id: a, at: b + 1s, latency: 5ms, for: 1s }, { id: b, at: a lifted, latency: 5ms }]',
    );
    const problems = problemsOf(text);
    expect(problems.map((problem) => problem.path)).toEqual(['faults[0].at', 'faults[1].at']);
    expect(problems[0]?.message).toContain('waits for this one');
  });
});
