import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { ScenarioError, type ScenarioProblem } from '../../../../harness/scenario/scenario-error.js';

/** The example of the design, with a topology that exists. */
const EXAMPLE = `gauntlet: 1
name: sentinel-failover
description: The Redis master is killed under full load; nothing acknowledged may be lost.
tags: [failover, ci]
seed: 42

system:
  driver: reference                 # reference | ./path/to/my-driver.ts
  options: { partitions: 16, durability: replicated, ordering: key }

environment:
  redis: { topology: replicated, replicas: 2, config: { appendonly: yes, save: "", maxmemory: 100000000, lazyfree: true } }

producers: { workers: 1 }
consumers:
  workers: 2
  concurrency: 64
  handler: { time: 1ms, fail: 0.1% }      # time waits, cpu burns

load:
  message: { size: 1KiB, keys: 1000 }
  phases:
    - { name: warmup, rate: 10500/s, for: 5s, measure: false }
    - { name: steady, rate: 10500/s, for: 20s }
    - { name: failover, rate: 10500/s, for: 20s }
    - { name: after, rate: 10500/s, for: 10s }

faults:
  - { id: master-dies, at: failover + 2s, kill: redis-master, restart: 10s }

gates:
  - lost == 0
  - delivered >= 99.9%
  - reordered == 0
  - throughput >= 10000/s during steady
  - latency.p99 < 25ms during steady
  - recovery < 5s after master-dies
`;

const MINIMAL = `gauntlet: 1
name: minimal
load:
  phases:
    - { name: steady, rate: 100/s, for: 10s }
`;

function problemsOf(text: string, options = {}): readonly ScenarioProblem[] {
  try {
    parseScenario(text, 'dir/x.yaml', options);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  return [];
}

function onlyProblem(text: string, options = {}): ScenarioProblem {
  const problems = problemsOf(text, options);
  expect(problems.map((problem) => `${problem.path}: ${problem.message}`)).toHaveLength(1);
  return problems[0]!;
}

/** `MINIMAL` with more lines. */
const withMore = (lines: string) => `${MINIMAL}${lines}\n`;
const withPhase = (phase: string) => `gauntlet: 1\nname: x\nload:\n  phases:\n    - ${phase}\n`;

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
      consumers: { workers: 2, concurrency: 64, handler: { timeMs: 1, cpuMs: 0, failShare: 0.001 } },
      faults: [
        {
          id: 'master-dies',
          kind: 'kill',
          at: { after: 'phase', phase: 'failover', offsetMs: 2000 },
          params: { kill: 'redis-master', restart: 10_000 },
        },
      ],
      drain: { deadlineMs: 30_000 },
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
    const text = EXAMPLE.replace('topology: replicated, replicas: 2', 'topology: sentinel, replicas: 2, sentinels: 3');
    const problem = onlyProblem(text);
    expect(problem).toMatchObject({ path: 'environment.redis.topology', line: 12, column: 22 });
    expect(problem.message).toBe('"sentinel": expected one of standalone, replicated.');
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
      consumers: { workers: 1, concurrency: 64, handler: { timeMs: 0, cpuMs: 0, failShare: 0 } },
      faults: [],
      drain: { deadlineMs: 30_000 },
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

describe('implicit gates', () => {
  const texts = (text: string) => parseScenario(text, 'x').gates.flatMap((gate) => (gate.implicit ? [gate.text] : []));

  it('are in every scenario', () => {
    expect(texts(MINIMAL)).toEqual([
      'stranded == 0',
      'unsettled == 0',
      'crashed == 0',
      'unexpected == 0',
      'contract == 0',
      'unanswered == 0',
      'collateral == 0',
      'misjudged == 0',
      'overlapped == 0',
      'availability == 100% outside faults',
    ]);
  });

  it('give way to the scenario’s own, over the same scope or more', () => {
    expect(texts(withMore('gates: [stranded <= 5, availability >= 99%]'))).not.toContain('stranded == 0');
    expect(texts(withMore('gates: [stranded <= 5, availability >= 99%]')).join()).not.toContain('availability');
    const narrow = texts(withMore('gates: [unexpected <= 5 during steady, availability >= 99% during steady]'));
    expect(narrow).toContain('unexpected == 0');
    expect(narrow).toContain('availability == 100% outside faults');
  });

  it('expect no order where none is promised', () => {
    expect(texts(withMore('system: { options: { ordering: none } }'))).not.toContain('overlapped == 0');
    expect(texts(withMore('system: { driver: ./mine.js }'))).not.toContain('overlapped == 0');
    expect(texts(withMore('system: { driver: ./mine.js, options: { ordering: key } }'))).toContain('overlapped == 0');
    expect(texts(MINIMAL.replace('load:\n', 'load:\n  message: { keys: none }\n'))).not.toContain('overlapped == 0');
  });
});

describe('problems of a scenario', () => {
  it('come all at once, each with its place, value, expectation and the likely meaning', () => {
    const text = EXAMPLE.replace('seed: 42', 'sede: 42')
      .replace('rate: 10500/s, for: 5s', 'rate: 10500, for: 5s')
      .replace('size: 1KiB', 'size: 1KB')
      .replace('kill: redis-master', 'kil: redis-master')
      .replace('latency.p99 < 25ms', 'latncy.p99 < 25ms')
      .replace('lost == 0', 'lost == 0 during stedy');
    expect(problemsOf(text).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)).toEqual([
      '5:1 sede: unknown key "sede". Did you mean "seed"?',
      '21:20 load.message.size: "1KB": expected a size with its unit (B, KiB, MiB, GiB) such as 64B, 1KiB or 4MiB; did you mean 1KiB?',
      '23:29 load.phases[0].rate: 10500: expected a rate with its unit (/s, /min, /h) such as 10000/s or 600/min; did you mean 10500/s?',
      '29:43 faults[0].kil: unknown key "kil". Did you mean "kill"?',
      '32:22 gates[0]: no phase is named "stedy". Did you mean "steady"?',
      '36:5 gates[4]: no metric is named "latncy.p99". Did you mean "latency.p*"?',
    ]);
  });

  it('show the line and point at the value', () => {
    const text = EXAMPLE.replace('rate: 10500/s, for: 20s }', 'rate: 10500, for: 20s }');
    expect(() => parseScenario(text, 'dir/x.yaml')).toThrow(
      ['    - { name: steady, rate: 10500, for: 20s }', '      |                             ^^^^^'].join('\n'),
    );
  });

  it.each([
    ['an empty file', '', 'the file is empty'],
    ['blanks and comments', '\n  \n# nothing\n', 'the file is empty'],
    ['a list', '- a\n- b\n', 'is no scenario'],
    ['text', 'hello', 'is no scenario'],
  ])('report %s', (_what, text, message) => expect(onlyProblem(text).message).toContain(message));

  it.each([
    ['an open bracket', 'gauntlet: 1\nname: [a\nload: 1\n', 3],
    ['a second document', `${MINIMAL}---\na: 1\n`, 6],
    ['a colon in plain text', 'gauntlet: 1\ndescription: Meant to fail: it does\n', 2],
    ['an unknown tag', 'gauntlet: !odd 1\n', 1],
    ['an alias without anchor', 'gauntlet: 1\nname: *nobody\n', 2],
    ['a mapping as key', 'gauntlet: 1\n? { a: 1 }\n: 2\n', 2],
    ['a tab', 'load:\n\tphases: []\n', 2],
  ])('report broken YAML: %s', (_what, text, line) => {
    const problems = problemsOf(text);
    expect(problems[0]).toMatchObject({ code: 'syntax', line });
    expect(problems[0]?.message).toMatch(/^not YAML: /);
  });

  it('report duplicate keys beside the others', () => {
    const problems = problemsOf(`${MINIMAL}name: again\nsede: 1\n`);
    expect(problems.map(({ line, message }) => [line, message])).toEqual([
      [6, 'not YAML: this key is given twice in the same mapping'],
      [7, 'unknown key "sede". Did you mean "seed"?'],
    ]);
  });

  it('survive aliases that multiply and nesting without end', () => {
    const laughs = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
      .split('')
      .map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]\n`)
      .join('')}`;
    expect(problemsOf(laughs)[0]?.code).toBe('syntax');
    expect(problemsOf(`a: ${'['.repeat(20_000)}`)[0]?.code).toBe('syntax');
  });

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
    [
      'order where none is promised',
      withMore('system: { options: { ordering: none } }\ngates: [reordered == 0]'),
      'gates[0]',
      'reordered cannot be measured: ',
    ],
    [
      'overlaps where no order is promised',
      withMore('system: { options: { ordering: none } }\ngates: [overlapped == 0]'),
      'gates[0]',
      'overlapped cannot be measured: ',
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
