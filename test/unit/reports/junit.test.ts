import { describe, expect, test } from 'vitest';
import { renderJunit } from '../../../reports/junit.js';
import type { Results } from '../../../reports/results.js';
import { rerunSuite, sampleResults, sampleSuite } from '../../fixtures/results.js';
import { type Element, parseXml } from '../../fixtures/xml.js';

const documents = [
  sampleResults({ name: 'good' }),
  sampleResults({ name: 'bad', verdict: 'fail' }),
  sampleResults({ name: 'unsure', verdict: 'inconclusive' }),
];

function render(results: readonly Results[], neverRan: readonly string[] = []): Element {
  return parseXml(renderJunit(sampleSuite(results, neverRan), results));
}

function cases(suite: Element): Element[] {
  return suite.children.filter(({ name }) => name === 'testcase');
}

/**
 * The rules of Windy Road's JUnit.xsd for Ant and of the Jenkins xUnit plugin's junit-10.xsd that apply to the elements
 * in use; the former is the stricter in all but the format of `time`.
 */
function expectValid(root: Element): void {
  expect(root).toMatchObject({ name: 'testsuites', attributes: {} });
  root.children.forEach((suite, index) => {
    expect(suite.name).toBe('testsuite');
    const { attributes } = suite;
    expect(Object.keys(attributes).sort()).toEqual(
      ['errors', 'failures', 'hostname', 'id', 'name', 'package', 'tests', 'time', 'timestamp'].sort(),
    );
    expect(attributes.id).toBe(String(index));
    expect(attributes.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    expect(attributes.time).toMatch(/^\d+\.\d+$/);
    expect(attributes.name).toMatch(/^\S(.*\S)?$/);
    const names = suite.children.map(({ name }) => name);
    expect(names).toEqual(['properties', ...cases(suite).map(() => 'testcase'), 'system-out', 'system-err']);
    expect(attributes.tests).toBe(String(cases(suite).length));
    const outcomes = cases(suite).flatMap(({ children }) => children.map(({ name }) => name));
    expect(attributes.failures).toBe(String(outcomes.filter((name) => name === 'failure').length));
    expect(attributes.errors).toBe(String(outcomes.filter((name) => name === 'error').length));
    for (const one of cases(suite)) {
      expect(Object.keys(one.attributes).sort()).toEqual(['classname', 'name', 'time']);
      expect(one.children.length).toBeLessThanOrEqual(1);
      for (const { name, attributes: own } of one.children) {
        expect(['failure', 'error']).toContain(name);
        expect(Object.keys(own).sort()).toEqual(['message', 'type']);
      }
    }
  });
}

describe('junit.xml', () => {
  test('is valid for Ant and Jenkins, with scenarios of every outcome', () => {
    const root = render(documents, ['redis-gone']);
    expectValid(root);
    expect(root.children.map(({ attributes }) => attributes.name)).toEqual(['good', 'bad', 'unsure', 'redis-gone']);
  });

  test('a passing scenario has a case a gate and nothing else to say', () => {
    const [suite] = render([documents[0]!]).children;
    expect(cases(suite!)).toHaveLength(documents[0]!.gates.length + 1);
    expect(suite!.attributes).toMatchObject({ failures: '0', errors: '0' });
  });

  test('a failed gate is a failure with figures and example messages', () => {
    const [suite] = render([documents[1]!]).children;
    const lost = cases(suite!).find(({ attributes }) => attributes.name === 'lost == 0')!;
    expect(lost.children[0]).toMatchObject({ name: 'failure', attributes: { message: 'lost == 0: observed 37' } });
    expect(lost.children[0]!.text).toContain('observed 37, limit = 0, margin 37 outside');
    expect(lost.children[0]!.text).toContain('message 9f3c1a77d0e4b215-412007 (key customer-0, phase trouble');
  });

  test('an inconclusive gate and a bad instrument are errors, never skipped', () => {
    const [suite] = render([documents[2]!]).children;
    const errors = cases(suite!).filter(({ children }) => children[0]?.name === 'error');
    expect(errors.map(({ attributes }) => attributes.name)).toEqual([
      'unavailable < 1s after consumer-dies',
      'instrument',
    ]);
    expect(errors[1]!.children[0]!.text).toContain('fault consumer-dies (kill) did not take hold');
  });

  test('a scenario that never ran is an error', () => {
    const [suite] = render([], ['redis-gone']).children;
    expect(cases(suite!)[0]!.children[0]).toMatchObject({ name: 'error', attributes: { type: 'error' } });
  });

  test('a run that was made again says what was before it', () => {
    const [suite] = parseXml(renderJunit(rerunSuite(), [sampleResults({ name: 'steady' })])).children;
    const out = suite!.children.find(({ name }) => name === 'system-out')!;
    expect(out.text).toContain('run 3 of at most 3: before it, inconclusive: latency.p99 < 10ms is inconclusive.');
    expect(suite!.attributes).toMatchObject({ failures: '0', errors: '0' });
    expectValid(parseXml(renderJunit(rerunSuite(), [sampleResults({ name: 'steady' })])));
    const [once] = render([documents[0]!]).children;
    expect(once!.children.find(({ name }) => name === 'system-out')!.text).not.toContain('before it');
  });

  test('text that XML cannot hold is replaced, the rest comes back as it was', () => {
    const hostile = 'a<b>&"\'\u0000\u001b[31m\ud800 ]]> \ufffe end';
    const results: Results = { ...documents[1]!, gates: [{ ...documents[1]!.gates[0]!, note: hostile }] };
    const root = render([results]);
    expectValid(root);
    const message = cases(root.children[0]!)[0]!.children[0]!.attributes.message!;
    expect(message).toContain('a<b>&"\'\ufffd\ufffd[31m\ufffd ]]> \ufffd end');
  });
});
