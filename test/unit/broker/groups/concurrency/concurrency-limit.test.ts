import { describe, expect, it } from 'vitest';
import { concurrencyLimitOf, resolveConcurrency } from '../../../../../broker/groups/concurrency/concurrency-limit.js';

describe('the concurrency of a subscription', () => {
  it('is a number, which stays', () => {
    const limit = concurrencyLimitOf(resolveConcurrency(16), 0);
    for (let i = 1; i < 1_000; i++) limit.returned(i, 16, false, i * 100);
    expect([limit.now(100_000, 0), limit.now(100_000, 16), limit.lasting]).toEqual([16, 16, 16]);
  });

  it.each([
    [{}, { min: 1, max: 256, initial: 16 }],
    [{ max: 8 }, { min: 1, max: 8, initial: 8 }],
    [{ min: 300 }, { min: 300, max: 300, initial: 300 }],
    [
      { min: 2, max: 64, initial: 4 },
      { min: 2, max: 64, initial: 4 },
    ],
  ])('or bounds, with defaults: %o', (option, resolved) => {
    expect(resolveConcurrency(option)).toEqual(resolved);
    expect(concurrencyLimitOf(resolved, 0).now(0, 0)).toBe(resolved.initial);
  });

  it.each([
    [0, 'concurrency 0'],
    [Number.NaN, 'concurrency NaN'],
    ['16' as unknown as number, 'concurrency 16'],
    [null as unknown as number, 'concurrency null'],
    [{ min: 0 }, 'concurrency.min 0: a whole number of at least 1'],
    [{ min: 1.5 }, 'concurrency.min 1.5'],
    [{ min: 8, max: 4 }, 'concurrency.max 4: a whole number of at least 8'],
    [{ min: 4, initial: 2 }, 'concurrency.initial 2: a whole number of at least 4'],
    [{ max: Number.POSITIVE_INFINITY }, 'concurrency.max Infinity'],
  ])('is refused where it makes no sense: %o', (option, text) => {
    expect(() => resolveConcurrency(option)).toThrow(text);
  });
});
