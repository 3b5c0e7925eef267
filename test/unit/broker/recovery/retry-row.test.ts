import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeRetryRow,
  describeFailure,
  encodeRetryRow,
  isPermanent,
  withFailure,
} from '../../../../broker/recovery/retry-row.js';

describe('a retry row', () => {
  it('keeps attempts, failures and the message', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'grapheme' }), fc.uint8Array(), (failedAttempts, message, bytes) => {
        const failure = describeFailure(new Error(message), failedAttempts, 1, 'c');
        const row = { failedAttempts, dueAtMs: 12.5, failures: [failure] };
        const stored = Buffer.concat([Buffer.from(encodeRetryRow(row)), bytes]);
        const decoded = decodeRetryRow(stored);
        expect(decoded?.row).toEqual({ ...row, failures: [JSON.parse(JSON.stringify(failure))] });
        expect(decoded?.message.equals(bytes)).toBe(true);
      }),
    );
  });

  it('is recognised as damaged', () => {
    expect(decodeRetryRow(Buffer.from('nonsense'))).toBeUndefined();
    expect(decodeRetryRow(Buffer.from('1 5 {"a":'))).toBeUndefined();
  });

  it('keeps the first failure and the latest ones', () => {
    let failures: ReturnType<typeof withFailure> = [];
    for (let i = 1; i <= 30; i++) failures = withFailure(failures, describeFailure('x', i, 0, 'c'));
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
  });

  it('knows permanent failures', () => {
    expect([{ permanent: true }, { permanent: 1 }, new Error('x'), null, 'permanent'].map(isPermanent)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it.each([
    [undefined, 'undefined', 'the handler threw undefined'],
    [null, 'null', 'null'],
    ['full', 'string', 'full'],
    [7, 'number', '7'],
    [Symbol('s'), 'symbol', 'Symbol(s)'],
    [{ code: 7 }, 'object', '{ code: 7 }'],
    [Object.freeze({ code: 7 }), 'object', '{ code: 7 }'],
    [Object.freeze(new TypeError('frozen')), 'TypeError', 'frozen'],
    [Object.assign(new Error(''), { message: undefined }), 'Error', 'undefined'],
    [Object.assign(new Error('named'), { name: { toString: () => 'N' } }), 'N', 'named'],
    [circular(), 'object', '<ref *1> { self: [Circular *1] }'],
    [hostile('toString'), 'object', '{ toString: [Getter] }'],
    [hostile('permanent'), 'object', '{ permanent: [Getter] }'],
    [
      Object.assign(new Error('x'), { name: hostile('toString') }),
      'it cannot be shown: it throws when it is looked at',
      'x',
    ],
    [
      untouchable(),
      'it cannot be shown: it throws when it is looked at',
      'it cannot be shown: it throws when it is looked at',
    ],
  ])('tells what was thrown, whatever it was: %#', (thrown, error, message) => {
    const failure = describeFailure(thrown, 1, 0, 'c');
    expect(failure).toMatchObject({ error, message, permanent: false });
    const stored = Buffer.from(encodeRetryRow({ failedAttempts: 1, dueAtMs: 0, failures: [failure] }));
    expect(decodeRetryRow(stored)?.row.failures).toEqual([failure]);
  });

  it('tells no more of it than fits', () => {
    expect(describeFailure('x'.repeat(10_000), 1, 0, 'c').message).toHaveLength(500);
    expect(describeFailure({ text: 'x'.repeat(10_000) }, 1, 0, 'c').message).toHaveLength(500);
  });
});

function circular(): object {
  const one: { self?: object } = {};
  one.self = one;
  return one;
}

/** Looking at that property throws. */
function hostile(property: string): object {
  const get = () => {
    throw new Error('hands off');
  };
  return Object.defineProperty({}, property, { enumerable: true, get });
}

/** Asking for its class throws. */
function untouchable(): object {
  const getPrototypeOf = () => {
    throw new Error('hands off');
  };
  return new Proxy({}, { getPrototypeOf });
}
