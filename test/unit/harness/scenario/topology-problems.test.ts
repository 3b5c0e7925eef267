import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { onlyProblem, withMore } from '../../../fixtures/scenario-texts.js';

const redis = (keys: string) => `environment: { redis: { ${keys} } }\n`;
const specOf = (keys: string) => parseScenario(withMore(redis(keys)), 'x').environment.redis;

describe('topologies', () => {
  it('have defaults', () => {
    expect(specOf('topology: sentinel')).toEqual({
      topology: 'sentinel',
      replicas: 1,
      sentinel: { count: 3, downAfterMs: 1000, failoverTimeoutMs: 5000 },
      config: {},
    });
    expect(specOf('topology: cluster')).toEqual({ topology: 'cluster', replicas: 1, masters: 3, config: {} });
  });

  it('take what a scenario says', () => {
    const keys = 'topology: sentinel, replicas: 3, sentinels: 5, downAfter: 500ms, failoverTimeout: 2s';
    expect(specOf(`${keys}, ownLinks: [producer-1, consumer-1]`)).toEqual({
      topology: 'sentinel',
      replicas: 3,
      sentinel: { count: 5, downAfterMs: 500, failoverTimeoutMs: 2000 },
      ownLinks: ['producer-1', 'consumer-1'],
      config: {},
    });
    expect(specOf('topology: cluster, masters: 5, replicas: 0')).toMatchObject({ masters: 5, replicas: 0 });
  });

  it.each([
    ['topology: sentinel', 'kill: redis-replica'],
    ['topology: sentinel', 'kill: sentinel-3'],
    ['topology: sentinel', 'down: sentinel-1.peers'],
    ['topology: sentinel, ownLinks: [producer-1]', 'down: redis-master.producer-1'],
    ['topology: cluster', 'kill: redis-master-3'],
    ['topology: cluster', 'kill: redis-replica-3'],
    ['topology: cluster', 'down: redis-6.peers'],
  ])('%s: a fault can %s', (topology, fault) => {
    const text = withMore(`${redis(topology)}faults: [{ at: 1s, for: 1s, ${fault} }]`);
    expect(parseScenario(text, 'x').faults).toHaveLength(1);
  });
});

describe('problems of topologies', () => {
  it.each([
    ['topology: sentinel, replicas: 0', 'replicas', 'nobody to make master; use at least 1'],
    ['topology: sentinel, sentinels: 1', 'sentinels', '1 Sentinel has no majority once one is gone; use 3'],
    ['topology: sentinel, sentinels: 2', 'sentinels', '2 Sentinels have no majority once one is gone; use 3'],
    ['topology: sentinel, sentinels: 4', 'sentinels', 'loss of no more of them than 3; use 3 or 5'],
    ['topology: sentinel, downAfter: 1', 'downAfter', '1: expected a duration'],
    ['topology: cluster, masters: 2', 'masters', 'a cluster of 2 has no majority once one master is gone'],
    [
      'topology: replicated, sentinels: 3',
      'sentinels',
      'only the topology sentinel has it, and this one is replicated',
    ],
    ['topology: sentinel, masters: 3', 'masters', 'only the topology cluster has it, and this one is sentinel'],
    ['downAfter: 1s', 'downAfter', 'only the topology sentinel has it, and this one is standalone'],
    ['ownLinks: [producer-2]', 'ownLinks[0]', 'no worker "producer-2" in this scenario. Did you mean "producer-1"?'],
    ['ownLinks: [producer-1, producer-1]', 'ownLinks[1]', '"producer-1" is named twice'],
    ['ownLinks: [redis-1]', 'ownLinks[0]', 'expected a worker such as producer-2 or consumer-1'],
    ['config: { cluster-enabled: yes }', 'config.cluster-enabled', 'the environment decides it'],
    ['config: { cluster-announce-port: 1 }', 'config.cluster-announce-port', 'the environment decides it'],
  ])('%s', (keys, path, message) => {
    const problem = onlyProblem(withMore(redis(keys)));
    expect(problem.path).toBe(`environment.redis.${path}`);
    expect(problem.message).toContain(message);
  });

  it.each([
    [
      'topology: sentinel',
      'kill: sentinel-4',
      'no process "sentinel-4" in this scenario (sentinel Redis with 1 replica',
    ],
    ['topology: replicated', 'kill: sentinel-1', 'no process "sentinel-1"'],
    ['topology: cluster', 'kill: redis-master-4', 'no process "redis-master-4" in this scenario (cluster Redis with 3'],
    ['topology: cluster', 'kill: redis-7', 'no process "redis-7"'],
    ['topology: sentinel', 'down: redis-1.producer-1', 'no link "redis-1.producer-1"'],
  ])('%s: a fault cannot %s', (topology, fault, message) => {
    const problem = onlyProblem(withMore(`${redis(topology)}faults: [{ at: 1s, for: 1s, ${fault} }]`));
    expect(problem.path).toContain('faults[0].');
    expect(problem.message).toContain(message);
  });
});
