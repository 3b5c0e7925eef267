import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { EXAMPLE, MINIMAL, onlyProblem, withMore, withPhase } from '../../../fixtures/scenario-texts.js';

describe('parseScenario', () => {
  it('reads the example', () => {
    const scenario = parseScenario(EXAMPLE, '/somewhere/x.yaml');
    expect(scenario).toMatchObject({
      name: 'sentinel-failover',
      tags: ['failover', 'ci'],
      seed: 42,
      system: { driver: 'reference', options: { partitions: 16, durability: 'replicated', ordering: 'key' } },
      environment: {
        redis: {
          topology: 'replicated',
          replicas: 2,
          config: { appendonly: 'yes', save: '', maxmemory: '100000000', lazyfree: 'yes' },
        },
      },
      producers: { workers: 1 },
      consumers: { workers: 2, members: 1, concurrency: 64, handler: { timeMs: 1, cpuMs: 0, failShare: 0.001 } },
      faults: [
        {
          id: 'master-dies',
          kind: 'kill',
          at: { after: 'phase', phase: 'failover', offsetMs: 2000 },
          params: { kill: 'redis-master', restart: 10_000 },
        },
      ],
      drain: { deadlineMs: 30_000, inventoryMs: 30_000 },
      source: { path: '/somewhere/x.yaml', text: EXAMPLE },
    });
    expect(scenario.load.phases[0]).toEqual({
      name: 'warmup',
      arrivals: { kind: 'constant', ratePerSec: 10_500 },
      durationMs: 5000,
      measure: false,
    });
    expect(scenario.gates.slice(0, 6).map((gate) => [gate.metric, gate.operator, gate.limit, gate.scope])).toEqual([
      ['lost', '==', { value: 0, unit: 'count' }, { kind: 'default' }],
      ['delivered', '>=', { value: 0.999, unit: 'share' }, { kind: 'default' }],
      ['reordered', '==', { value: 0, unit: 'count' }, { kind: 'default' }],
      ['throughput', '>=', { value: 10_000, unit: 'per-sec' }, { kind: 'during', phases: ['steady'] }],
      ['latency.p99', '<', { value: 25, unit: 'ms' }, { kind: 'during', phases: ['steady'] }],
      ['recovery', '<', { value: 5000, unit: 'ms' }, { kind: 'after', fault: 'master-dies' }],
    ]);
  });

  it('says what exists of a topology that does not, and nothing about the keys that go with it', () => {
    const text = EXAMPLE.replace('topology: replicated, replicas: 2', 'topology: ring, replicas: 2, sentinels: 3');
    const problem = onlyProblem(text);
    expect(problem).toMatchObject({ path: 'environment.redis.topology', line: 12, column: 22 });
    expect(problem.message).toBe('"ring": expected one of standalone, replicated, sentinel, cluster.');
  });

  it('fills in defaults', () => {
    const scenario = parseScenario(MINIMAL, 'x.yaml');
    expect(scenario).toMatchObject({
      description: '',
      tags: [],
      seed: 1,
      system: { driver: 'reference', options: {} },
      environment: { redis: { topology: 'standalone', replicas: 0, config: {} } },
      producers: { workers: 1 },
      consumers: { workers: 1, members: 1, concurrency: 64, handler: { timeMs: 0, cpuMs: 0, failShare: 0 } },
      faults: [],
      drain: { deadlineMs: 30_000, inventoryMs: 30_000 },
    });
    expect(scenario.load.message).toEqual({
      sizeBytes: 1024,
      keys: { kind: 'uniform', count: 1000 },
      priorities: [1],
      poison: {},
      publishDeadlineMs: 30_000,
    });
    expect(
      parseScenario(withMore('environment: { redis: { topology: replicated } }'), 'x').environment.redis.replicas,
    ).toBe(1);
  });

  it.each([
    ['rate: 10/s', { kind: 'constant', ratePerSec: 10 }],
    ['ramp: { from: 0, to: 600/min }', { kind: 'ramp', fromPerSec: 0, toPerSec: 10 }],
    ['poisson: 10/s', { kind: 'poisson', ratePerSec: 10 }],
    ['burst: { size: 50, every: 1s }', { kind: 'burst', ratePerSec: 0, burstSize: 50, everyMs: 1000 }],
    ['burst: { rate: 10/s, size: 50, every: 1s }', { kind: 'burst', ratePerSec: 10, burstSize: 50, everyMs: 1000 }],
  ])('reads the arrivals %s', (text, arrivals) => {
    expect(parseScenario(withPhase(`{ name: a, ${text}, for: 2s }`), 'x').load.phases[0]?.arrivals).toEqual(arrivals);
  });

  it.each([
    ['keys: 7', { keys: { kind: 'uniform', count: 7 } }],
    ['keys: none', { keys: { kind: 'none' } }],
    ['keys: { zipf: 7 }', { keys: { kind: 'zipf', count: 7, exponent: 1.1 } }],
    ['keys: { zipf: 7, exponent: 2 }', { keys: { kind: 'zipf', count: 7, exponent: 2 } }],
    ['priorities: [80%, 20%]', { priorities: [0.8, 0.2] }],
    ['poison: { undecodable: 0.1%, failing: 0 }', { poison: { undecodable: 0.001 } }],
    ['publishDeadline: 5s', { publishDeadlineMs: 5000 }],
    ['size: 64B', { sizeBytes: 64 }],
  ])('reads the message %s', (text, message) => {
    const scenario = parseScenario(MINIMAL.replace('load:\n', `load:\n  message: { ${text} }\n`), 'x');
    expect(scenario.load.message).toMatchObject(message);
  });

  it('names faults after their kind, and resolves a driver of one’s own from the file', () => {
    const scenario = parseScenario(
      withMore(`system: { driver: ../my-driver.ts }
faults:
  - { at: steady + 1s, latency: 20ms, jitter: 5ms, link: redis-1.clients, for: 500ms }
  - { at: latency-1 lifted + 1s, latency: 10ms, for: 500ms, every: 1s, times: 3 }
  - { id: pause, at: 9s, pause: consumer-1 }`),
      '/a/b/x.yaml',
    );
    expect(scenario.system.driver).toBe('/a/my-driver.ts');
    expect(scenario.faults.map(({ id, at }) => [id, at])).toEqual([
      ['latency-1', { after: 'phase', phase: 'steady', offsetMs: 1000 }],
      ['latency-2', { after: 'lifted', fault: 'latency-1', offsetMs: 1000 }],
      ['pause', { after: 'start', offsetMs: 9000 }],
    ]);
    expect(scenario.faults[0]?.params).toMatchObject({ latency: 20, jitter: 5, link: 'redis-1.clients' });
    expect(scenario.faults[1]).toMatchObject({ forMs: 500, repeat: { everyMs: 1000, times: 3 } });
  });

  it('takes a key that is a kind and a parameter for the parameter, in either order', () => {
    for (const keys of ['kill: consumer-1, restart: 1s', 'restart: 1s, kill: consumer-1']) {
      const [fault] = parseScenario(withMore(`faults:\n  - { at: 1s, ${keys} }`), 'x').faults;
      expect(fault).toMatchObject({ kind: 'kill', params: { kill: 'consumer-1', restart: 1000 } });
    }
  });
});
