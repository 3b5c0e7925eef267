import { describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatLatency,
  formatLimit,
  formatMargin,
  formatMs,
  formatObserved,
  formatShare,
} from '../../../reports/format.js';
import { sampleResults } from '../../fixtures/results.js';

describe('figures', () => {
  test.each([
    [0, '0.00 ms'],
    [4.214, '4.21 ms'],
    [45.25, '45.3 ms'],
    [640, '640 ms'],
    [1250, '1.25 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
  ])('%d ms is written as %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  test.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.9999, '99.99 %'],
    [0.999999, '99.9999 %'],
    [0.000001, '0.0001 %'],
    [1 - 1e-12, '< 100 %'],
    [0.5, '50 %'],
  ])('a share of %d is written as %s, never rounded to all or nothing', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  test('bytes', () => expect(formatBytes(1_572_864)).toBe('1.5 MiB'));

  test('a percentile without a value is infinite, unless there was no message', () => {
    expect(formatLatency(null, 3)).toBe('∞');
    expect(formatLatency(null, 0)).toBe('–');
  });
});

describe('gates', () => {
  const gate = sampleResults().gates[0]!;

  test('a limit, met exactly', () => {
    expect(formatLimit(gate)).toBe('= 0');
    expect(formatMargin(gate)).toBe('met');
  });

  test('a margin outside', () => {
    expect(formatMargin({ ...gate, verdict: 'fail', observed: 37, margin: -37 })).toBe('37 outside');
  });

  test('nothing observed says why', () => {
    expect(formatObserved({ ...gate, observed: null, samples: 0 })).toBe('no samples');
    expect(formatObserved({ ...gate, observed: null, unit: 'ms' })).toBe('∞');
    expect(formatObserved({ ...gate, observed: null })).toBe('not measurable');
  });
});
