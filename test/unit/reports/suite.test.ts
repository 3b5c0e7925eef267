import { describe, expect, test } from 'vitest';
import { composeSuite, suiteRows, troubles } from '../../../reports/suite.js';
import { sampleResults, sampleSuite } from '../../fixtures/results.js';

describe('pairing a suite with its results', () => {
  const one = sampleResults({ name: 'one' });
  const two = sampleResults({ name: 'two' });

  test('is by name, and leaves what never ran without results', () => {
    const rows = suiteRows(sampleSuite([one, two], ['gone']), [two, one]);
    expect(rows.map(({ entry, results }) => [entry.name, results])).toEqual([
      ['one', one],
      ['two', two],
      ['gone', undefined],
    ]);
  });

  test('goes through repetitions in order', () => {
    const again = { ...one, run: { ...one.run, repetition: 2 } };
    const rows = suiteRows(sampleSuite([one, again]), [one, again]);
    expect(rows.map(({ results }) => results?.run.repetition)).toEqual([1, 2]);
  });

  test('takes the last repetition where one entry stands for all', () => {
    const again = { ...one, run: { ...one.run, repetition: 2 } };
    expect(suiteRows(sampleSuite([one]), [one, again])[0]!.results).toBe(again);
  });
});

test('a composed suite takes the worst verdict and the first start', () => {
  const runs = ['pass', 'inconclusive', 'fail'].map((verdict) => ({
    folder: verdict,
    results: sampleResults({ name: verdict, verdict: verdict as 'pass' }),
  }));
  const suite = composeSuite(runs, 1, 'gauntlet report x');
  expect(suite).toMatchObject({ verdict: 'fail', exitCode: 1, startedAt: '2026-11-23T23:39:05.120Z' });
  expect(composeSuite(runs.slice(0, 2), 4, '').verdict).toBe('inconclusive');
  expect(suite.scenarios.map(({ folder }) => folder)).toEqual(['pass', 'inconclusive', 'fail']);
  expect(suite.durationMs).toBe(3 * (412 + 803 + 55_000 + 7_210 + 611));
});

test('trouble is the instrument, the ledger, and faults without effect', () => {
  expect(troubles(sampleResults())).toEqual([]);
  expect(troubles(sampleResults({ verdict: 'inconclusive' }))).toEqual([
    'the generator made 87.1 % of its plan in second 31 (at least 99 % needed)',
    'ledger: consumer-2: torn tail without a kill',
    'fault consumer-dies (kill) did not take hold: pid 4711 still answers',
  ]);
});
