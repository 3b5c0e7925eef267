import { describe, expect, it } from 'vitest';
import { resolvePoisonOptions } from '../../../../broker/recovery/poison-options.js';
import { referenceOptionProblems } from '../../../../harness/drivers/reference-options.js';
import { POISON_OPTIONS, statedPoisonOptions } from '../../../../harness/drivers/reference-poison-options.js';

describe('options of the handling of poison', () => {
  it('are all that the broker has', () => {
    expect([...POISON_OPTIONS].sort()).toEqual(Object.keys(resolvePoisonOptions({})).sort());
  });

  it('are handed on where they are stated, and nothing else is', () => {
    const given = { partitions: 8, maxKills: false, hangingMs: 500 } as const;
    expect(statedPoisonOptions(given)).toEqual({ maxKills: false, hangingMs: 500 });
  });

  it('are refused as the broker refuses them, and taken together where they go together', () => {
    expect(referenceOptionProblems({ maxKills: 0 })).toEqual({ maxKills: expect.stringContaining('maxKills 0') });
    expect(referenceOptionProblems({ onHang: 'quarantine' })).toEqual({ onHang: expect.stringContaining('hangingMs') });
    expect(referenceOptionProblems({ onHang: 'quarantine', hangingMs: 500, poisonConsumers: false })).toEqual({});
  });
});
