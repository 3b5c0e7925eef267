import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../harness/errors.js';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { ScenarioError } from '../../../../harness/scenario/scenario-error.js';

const SMOKE = new URL('../../../../scenarios/smoke/', import.meta.url).pathname;
const shipped = readdirSync(SMOKE).map((file) => readFileSync(join(SMOKE, file), 'utf8'));

/** Parses, or fails in the one way that is promised: every problem with a message and a place inside the text. */
function expectScenarioOrError(text: string, set: readonly string[] = []): void {
  try {
    parseScenario(text, 'x.yaml', { set });
  } catch (error) {
    if (error instanceof UsageError && set.length > 0) return;
    if (!(error instanceof ScenarioError)) throw error;
    const lines = text.split(/\n/).length;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { message, line, column, flag } of error.problems) {
      expect(message).not.toBe('');
      if (flag !== undefined) continue;
      expect(line).toBeGreaterThan(0);
      expect(line).toBeLessThanOrEqual(lines);
      expect(column).toBeGreaterThan(0);
    }
    expect(error.message).not.toContain('undefined');
    expect(error.message).not.toContain('[object Object]');
  }
}

const scalars = fc.constantFrom(
  '0',
  '-1',
  '1e999',
  '.nan',
  'null',
  '~',
  '""',
  'true',
  '5s',
  '10/s',
  '1%',
  '[]',
  '{}',
  '[1, [2]]',
  '{ a: 1 }',
  '*x',
  '&x 5',
  '!!binary aGk=',
  '|',
  "'",
  '0/s',
  '99999999999h',
  '__proto__',
  '10000000/s',
);

describe('any text', { timeout: 120_000 }, () => {
  it('is a scenario or a ScenarioError: noise', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => expectScenarioOrError(text)));
  });

  it('is a scenario or a ScenarioError: a shipped scenario with characters changed', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.string({ maxLength: 6 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...shipped), edits, (text, list) => {
        let edited = text;
        for (const [at, length, insert] of list) {
          const start = at % edited.length;
          edited = edited.slice(0, start) + insert + edited.slice(start + length);
        }
        expectScenarioOrError(edited);
      }),
      { numRuns: 300 },
    );
  });

  it('is a scenario or a ScenarioError: a shipped scenario with values replaced', () => {
    const edits = fc.array(fc.tuple(fc.nat(), scalars), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...shipped), edits, (text, list) => {
        let edited = text;
        for (const [at, scalar] of list) {
          const values = [...edited.matchAll(/(?<=: )[^\s{}[\],][^{}[\],\n]*/g)];
          const value = values[at % Math.max(1, values.length)];
          if (value === undefined) continue;
          edited = edited.slice(0, value.index) + scalar + edited.slice(value.index + value[0].length);
        }
        expectScenarioOrError(edited);
      }),
      { numRuns: 300 },
    );
  });

  it('is a scenario, a ScenarioError or a UsageError with any --set', () => {
    const paths = fc.constantFrom(
      'load.phases.steady.rate',
      'load.phases[0]',
      'load',
      'faults[0].at',
      'faults',
      'gates[0]',
      'seed',
      'name.a.b',
      'system.options.x',
      'consumers.handler',
      'constructor',
      'toString.x',
      'environment.redis.config',
    );
    fc.assert(
      fc.property(fc.constantFrom(...shipped), paths, fc.oneof(scalars, fc.string()), (text, path, value) => {
        expectScenarioOrError(text, [`${path}=${value}`]);
      }),
      { numRuns: 300 },
    );
  });
});
