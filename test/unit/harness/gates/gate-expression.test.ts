import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGate, type GateProblem, parseGate } from '../../../../harness/gates/gate-expression.js';
import { findMetric, METRICS } from '../../../../harness/gates/registry.js';
import { GATE_OPERATORS, type Gate, type GateScope } from '../../../../harness/scenario/scenario.js';

const names = { phases: ['warmup', 'steady', 'after-all'], faults: ['master-dies', 'slow'] };
const vocabulary = { metrics: METRICS, findMetric, names };

function gateOf(text: string): Gate {
  const result = parseGate(text, vocabulary);
  if ('problem' in result) throw new Error(result.problem.message);
  return result.gate;
}

function problemOf(text: string): GateProblem {
  const result = parseGate(text, vocabulary);
  if ('gate' in result) throw new Error(`${text} is a gate`);
  return result.problem;
}

describe('parseGate', () => {
  it.each<[string, Partial<Gate>]>([
    ['lost == 0', { metric: 'lost', operator: '==', limit: { value: 0, unit: 'count' }, scope: { kind: 'default' } }],
    ['lost <= 0.01%', { limit: { value: 0.0001, unit: 'share' }, operator: '<=' }],
    ['delivered >= 99.9%', { limit: { value: 0.999, unit: 'share' } }],
    ['delivered>=1000 overall', { limit: { value: 1000, unit: 'count' }, scope: { kind: 'overall' } }],
    [
      '  latency.p99   <   25 ms  ',
      { metric: 'latency.p99', limit: { value: 25, unit: 'ms' }, text: 'latency.p99   <   25 ms' },
    ],
    ['latency.p99.9 < 1s during steady', { metric: 'latency.p99.9', limit: { value: 1000, unit: 'ms' } }],
    ['latency.p99 < 1s during steady, after-all', { scope: { kind: 'during', phases: ['steady', 'after-all'] } }],
    ['throughput >= 10000/s during steady,after-all', { limit: { value: 10_000, unit: 'per-sec' } }],
    ['recovery < 5s after master-dies', { scope: { kind: 'after', fault: 'master-dies' } }],
    ['recovery < 5s after master-dies lifted', { scope: { kind: 'after', fault: 'master-dies', lifted: true } }],
    ['availability == 100% outside faults', { limit: { value: 1, unit: 'share' }, scope: { kind: 'outside-faults' } }],
    ['amplification < 1.05', { limit: { value: 1.05, unit: 'number' } }],
    ['delivered >= 99.9% with confidence 95%', { confidence: 0.95 }],
    [
      'latency.p99 < 25ms during steady with confidence 99.5%',
      { confidence: 0.995, scope: { kind: 'during', phases: ['steady'] } },
    ],
  ])('reads %s', (text, gate) => expect(gateOf(text)).toMatchObject(gate));

  it.each<[string, string, string]>([
    ['', 'expected metric op value', ''],
    ['== 0', 'expected metric op value', '== 0'],
    ['lst == 0', 'no metric is named "lst". Did you mean "lost"?', 'lst'],
    ['latency.p* < 5ms', 'no metric is named', 'latency.p*'],
    ['latency.p101 < 5ms', 'no metric is named', 'latency.p101'],
    ['lost = 0', '"=" is no operator; expected one of == != <= < >= >. Did you mean "=="?', '='],
    ['lost => 0', 'Did you mean ">="?', '=>'],
    ['latency.p99 ≤ 5ms', 'Did you mean "<="?', '≤'],
    ['lost', 'no operator after lost', ''],
    ['lost ==', 'no limit for lost; expected a whole number', ''],
    ['lost == none', '"none" does not fit lost', 'none'],
    ['lost == -1', '"-1" does not fit lost', '-1'],
    ['lost == 1.5', '"1.5" does not fit lost', '1.5'],
    ['duplicated == 1%', 'does not fit duplicated; expected a whole number such as 0.', '1%'],
    ['latency.p99 < 25', 'expected a duration with its unit such as 25ms', '25'],
    ['latency.p99 < 25/s', 'expected a duration', '25/s'],
    ['throughput >= 10000', 'expected a rate such as 10000/s', '10000'],
    ['availability >= 1', 'expected a share such as 99.9%', '1'],
    ['delivered >= 101%', 'does not fit delivered', '101%'],
    ['lost == 0 durin steady', 'Did you mean "during"?', 'durin steady'],
    ['lost == 0 everywhere', 'expected during PHASE, after FAULT, outside faults or overall', 'everywhere'],
    ['lost == 0 outside', 'expected during PHASE', 'outside'],
    ['lost == 0 during', 'expected the name of a phase', ''],
    ['lost == 0 during stedy', 'no phase is named "stedy". Did you mean "steady"?', 'stedy'],
    [
      'lost == 0 during steady, nowhere',
      'no phase is named "nowhere". There are: warmup, steady, after-all.',
      'nowhere',
    ],
    ['lost == 0 during steady,', 'expected the name of a phase', ''],
    ['lost == 0 after master-dyes', 'Did you mean "master-dies"?', 'master-dyes'],
    ['recovery < 5s', 'recovery cannot be judged without a scope; expected after FAULT.', 'recovery < 5s'],
    ['recovery < 5s during steady', 'recovery cannot be judged during steady', 'recovery < 5s during steady'],
    ['delivered >= 99% with confidence', 'expected with confidence and a level', 'with confidence'],
    ['delivered >= 99% with confidence 100%', 'from 50% to below 100%', 'with confidence 100%'],
    ['delivered >= 99% with luck', 'such as with confidence 95%', 'with luck'],
    ['duplicated == 0 with confidence 95%', 'duplicated has no interval', 'with confidence 95%'],
  ])('refuses %j', (text, message, part) => {
    const { span, ...problem } = problemOf(text);
    expect(problem.message).toContain(message);
    expect(text.slice(span[0], span[0] + span[1]).startsWith(part)).toBe(true);
  });

  it('reads the example of every metric', () => {
    for (const { example } of METRICS) {
      expect(parseGate(example, vocabulary), example).toHaveProperty('gate');
    }
  });

  it('reads its own canonical text as the same gate', () => {
    const scopes: GateScope[] = [
      { kind: 'default' },
      { kind: 'overall' },
      { kind: 'outside-faults' },
      { kind: 'during', phases: ['steady', 'warmup'] },
      { kind: 'after', fault: 'slow' },
      { kind: 'after', fault: 'slow', lifted: true },
    ];
    const metrics = [
      'lost',
      'latency.p99',
      'latency.p99.99',
      'throughput',
      'availability',
      'amplification',
      'recovery',
    ];
    const gates = fc.record({
      metric: fc.constantFrom(...metrics),
      operator: fc.constantFrom(...GATE_OPERATORS),
      value: fc.nat(1_000_000),
      scope: fc.constantFrom(...scopes),
      confidence: fc.option(fc.constantFrom(0.5, 0.9, 0.95, 0.999)),
    });
    fc.assert(
      fc.property(gates, ({ metric, operator, value, scope, confidence }) => {
        const { unit, scopes: allowed, hasInterval } = findMetric(metric)!;
        fc.pre(allowed === undefined || allowed.includes(scope.kind));
        const limit = { unit, value: unit === 'share' ? Number(`${value}e-6`) : value };
        const gate = {
          metric,
          operator,
          limit,
          scope,
          implicit: false,
          ...(confidence === null || !hasInterval ? {} : { confidence }),
        };
        const text = formatGate(gate);
        expect(gateOf(text)).toEqual({ ...gate, text });
      }),
    );
  });

  it('answers any text with a gate or a problem inside it', () => {
    const words = fc.constantFrom(
      'lost',
      'latency.p99',
      '==',
      '<',
      '0',
      '5ms',
      '5%',
      'during',
      'steady',
      ',',
      'after',
      'with',
      'confidence',
      '95%',
      'outside',
      'faults',
      '\n',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseGate(text, vocabulary);
        if ('gate' in result) return;
        expect(result.problem.message).not.toBe('');
        expect(result.problem.span[0]).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
