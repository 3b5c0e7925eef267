import { describe, expect, it } from 'vitest';
import { resolveHealthOptions } from '../../../../../broker/groups/health/health-options.js';

describe('health options', () => {
  it('warn by default, but for leases that cannot be held', () => {
    expect(resolveHealthOptions({})).toEqual({
      policy: { slow: 'warn', stuck: 'warn', stalled: 'warn', failing: 'warn', unleased: 'warn' },
      stuckHandlerMs: 30_000,
      stalledLoopMs: 1_000,
      slowFactor: 3,
      phiThreshold: 8,
      drainMs: 10_000,
    });
    expect(resolveHealthOptions({ healthPolicy: { slow: 'drain' } }).policy).toMatchObject({
      slow: 'drain',
      stuck: 'warn',
    });
  });

  it.each([
    [{ healthPolicy: { slow: 'kill' as 'drain' } }, "healthPolicy.slow 'kill'"],
    [{ healthPolicy: { suspect: 'drain' } as object }, 'healthPolicy.suspect: there are slow, stuck, stalled, failing'],
    [{ stuckHandlerMs: 0 }, 'stuckHandlerMs 0'],
    [{ stalledLoopMs: Number.NaN }, 'stalledLoopMs NaN'],
    [{ slowFactor: 1 }, 'slowFactor 1'],
    [{ phiThreshold: 0 }, 'phiThreshold 0'],
    [{ drainMs: -1 }, 'drainMs -1'],
  ])('are refused where they make no sense: %o', (options, text) => {
    expect(() => resolveHealthOptions(options)).toThrow(text);
  });
});
