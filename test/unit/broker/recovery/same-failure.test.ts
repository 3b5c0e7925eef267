import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../../broker/recovery/retry-row.js';
import { failsEverywhere } from '../../../../broker/recovery/same-failure.js';

const failed = (consumer: string, error = new TypeError('no price')) => describeFailure(error, 1, 0, consumer);
const well = () => ({ handlings: 100, failureRatio: 0.1 });

describe('the same failure on several consumers', () => {
  it('is poison', () => {
    expect(failsEverywhere([failed('a'), failed('a'), failed('b')], 2, well)).toBe(true);
  });

  it.each([
    ['on one consumer only', [failed('a'), failed('a'), failed('a')], well],
    ['twice only', [failed('a'), failed('b')], well],
    ['among others', [failed('a'), failed('b', new Error('closed')), failed('b')], well],
    ['where others fail, too', [failed('a'), failed('a'), failed('b')], () => ({ handlings: 100, failureRatio: 0.6 })],
    [
      'where hardly anything else is handled',
      [failed('a'), failed('a'), failed('b')],
      () => ({ handlings: 9, failureRatio: 0.4 }),
    ],
    ['never', [], well],
  ])('is none %s', (_, failures, recent) => {
    expect(failsEverywhere(failures, 2, recent)).toBe(false);
  });

  it('is none without the option', () => {
    expect(failsEverywhere([failed('a'), failed('b'), failed('c')], Number.POSITIVE_INFINITY, well)).toBe(false);
  });
});
