import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { EXAMPLE, MINIMAL, onlyProblem, problemsOf } from '../../../fixtures/scenario-texts.js';

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
});
