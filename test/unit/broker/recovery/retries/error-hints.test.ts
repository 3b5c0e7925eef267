import { describe, expect, it } from 'vitest';
import { hintsOf } from '../../../../../broker/recovery/retries/error-hints.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const NOTHING = { retryAfterMs: 0, dependency: undefined };

describe('what an error says besides', () => {
  it.each([
    [{ retryAfterMs: 1_500 }, 1_500],
    [{ retryAfter: 2 }, 2_000],
    [{ retryAfter: '120' }, 120_000],
    [{ retryAfter: 'Tue, 01 Jan 2030 00:00:30 GMT' }, 30_000],
    [{ retryAfter: new Date(NOW + 5) }, 5],
    [{ retryAfterMs: 7, retryAfter: '120' }, 7],
    [Object.assign(new Error('busy'), { retryAfterMs: 1 }), 1],
  ])('is how long to wait: %o', (error, expected) => {
    expect(hintsOf(error, NOW).retryAfterMs).toBe(expected);
  });

  it.each([
    { retryAfterMs: Number.NaN },
    { retryAfterMs: -1 },
    { retryAfterMs: Number.POSITIVE_INFINITY },
    { retryAfterMs: '5' },
    { retryAfter: 'soon' },
    { retryAfter: -3 },
    { retryAfter: 'Tue, 01 Jan 2020 00:00:30 GMT' },
    { retryAfter: {} },
    { dependency: 7 },
    { dependency: '' },
    { dependency: 'x'.repeat(101) },
    null,
    undefined,
    'retry',
    Object.defineProperty({}, 'retryAfterMs', {
      get() {
        throw new Error('hands off');
      },
    }),
  ])('is nothing where it is malformed: %#', (error) => {
    expect(hintsOf(error, NOW)).toEqual(NOTHING);
  });

  it('is what it failed at', () => {
    expect(hintsOf({ dependency: 'payments' }, NOW)).toEqual({ retryAfterMs: 0, dependency: 'payments' });
  });
});
