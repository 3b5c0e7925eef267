import { describe, expect, it } from 'vitest';
import { parseReferenceOptions } from '../../../../harness/drivers/reference-options.js';

describe("the reference driver's options", () => {
  it('have defaults', () => {
    expect(parseReferenceOptions({})).toMatchObject({
      partitions: 16,
      durability: 'leader',
      onReplicaLoss: 'survivors',
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
    [{ durability: 'sure' }, 'durability "sure": one of leader, replicated, fsync'],
    [{ onReplicaLoss: 'panic' }, 'onReplicaLoss "panic": one of survivors, block, degrade'],
    [{ leaseRenewMs: 2_000 }, 'leaseRenewMs 2000, leaseStopMs 1400, leaseDurationMs 2000: each must be below the next'],
    [{ partitions: 0 }, 'partitions 0: a whole number of at least 1'],
    [{ ordering: 'strict', maxAttempts: '3' }, 'ordering "strict": one of key, none; maxAttempts "3": a whole number'],
  ])('%j is refused', (options, message) => {
    expect(() => parseReferenceOptions(options)).toThrow(message);
  });
});
