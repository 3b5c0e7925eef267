import { describe, expect, it } from 'vitest';
import { parseReferenceOptions } from '../../../../harness/drivers/reference-options.js';

describe("the reference driver's options", () => {
  it('have defaults', () => {
    expect(parseReferenceOptions({})).toMatchObject({
      partitions: 16,
      durability: 'leader',
      ordering: 'key',
      maxAttempts: 5,
    });
    expect(parseReferenceOptions({ partitions: 8, ordering: 'none' })).toMatchObject({
      partitions: 8,
      ordering: 'none',
    });
  });

  it.each([
    [{ partition: 8 }, 'partition is unknown. Did you mean "partitions"?'],
    [{ durability: 'replicated' }, 'durability "replicated": one of leader'],
    [{ partitions: 0 }, 'partitions 0: a whole number of at least 1'],
    [{ ordering: 'strict', maxAttempts: '3' }, 'ordering "strict": one of key, none; maxAttempts "3": a whole number'],
  ])('%j is refused', (options, message) => {
    expect(() => parseReferenceOptions(options)).toThrow(message);
  });
});
