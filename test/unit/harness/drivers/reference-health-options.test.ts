import { describe, expect, it } from 'vitest';
import { resolveHealthOptions } from '../../../../broker/groups/health/health-options.js';
import { HEALTH_OPTIONS, statedHealthOptions } from '../../../../harness/drivers/reference-health-options.js';

describe('options of the health monitor', () => {
  it('are all that the broker has', () => {
    const { policy: _policy, ...numbers } = resolveHealthOptions({});
    expect([...HEALTH_OPTIONS].sort()).toEqual(['healthPolicy', ...Object.keys(numbers)].sort());
  });

  it('are handed on where they are stated, and nothing else is', () => {
    const given = { partitions: 8, healthPolicy: { slow: 'drain' }, drainMs: 0 } as const;
    expect(statedHealthOptions(given)).toEqual({ healthPolicy: { slow: 'drain' }, drainMs: 0 });
    expect(statedHealthOptions({})).toEqual({});
  });
});
