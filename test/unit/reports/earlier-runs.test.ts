import { expect, test } from 'vitest';
import { earlierFolder, isEarlierFolder, runHistory, runNumber } from '../../../reports/earlier-runs.js';
import { parseSuite } from '../../../reports/read-results.js';
import { rerunSuite, sampleResults, sampleSuite } from '../../fixtures/results.js';

test('the folder of an earlier run is told from every other', () => {
  expect(earlierFolder('steady-2', 1)).toBe('steady-2.inconclusive-1');
  expect(isEarlierFolder('steady.inconclusive-12')).toBe(true);
  expect(isEarlierFolder('steady.inconclusive-12', 'steady')).toBe(true);
  expect(isEarlierFolder('unsteady.inconclusive-1', 'steady')).toBe(false);
  // A scenario may have these names.
  for (const name of ['steady', 'steady-1', 'inconclusive-1', 'steady-inconclusive-1'])
    expect(isEarlierFolder(name), name).toBe(false);
});

test('a verdict that is not of the first run has a history', () => {
  const suite = rerunSuite();
  const [entry] = suite.scenarios;
  expect(runNumber(suite, entry!)).toBe('run 3 of at most 3');
  expect(runHistory(suite, entry!)).toBe(
    'run 3 of at most 3: before it, inconclusive: latency.p99 < 10ms is inconclusive. And inconclusive: the generator fell behind.',
  );
  const one = { ...entry!, earlier: entry!.earlier!.slice(1) };
  expect(runHistory(suite, one)).toBe('run 2 of at most 3: before it, inconclusive: the generator fell behind.');
  const plain = sampleSuite([sampleResults()]);
  expect(runHistory(plain, plain.scenarios[0]!)).toBeUndefined();
});

test('a stored suite keeps it, and one that knows nothing of it is read', () => {
  for (const suite of [rerunSuite(), sampleSuite([sampleResults()])])
    expect(parseSuite(JSON.stringify(suite), 'suite.json')).toEqual(suite);
});
