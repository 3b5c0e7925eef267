import { describe, expect, it } from 'vitest';
import { resolveBalancing } from '../../../../broker/groups/balancing.js';

describe('the options of balancing', () => {
  it('have defaults, and can be switched off', () => {
    expect(resolveBalancing({ holdMs: 0 })).toEqual({
      drainMs: 10_000,
      slack: 0.15,
      threshold: 0.2,
      holdMs: 0,
      coolDownMs: 30_000,
    });
    expect(resolveBalancing(false)).toBeUndefined();
  });

  it.each([
    [{ slack: 0 }, 'balancing.slack 0'],
    [{ threshold: Number.NaN }, 'balancing.threshold NaN'],
    [{ drainMs: -1 }, 'balancing.drainMs -1'],
    [{ holdMs: -1 }, 'balancing.holdMs -1'],
    [{ coolDownMs: Number.NaN }, 'balancing.coolDownMs NaN'],
  ])('are refused where they make no sense: %j', (options, text) => {
    expect(() => resolveBalancing(options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => resolveBalancing(options)).toThrow(text);
  });
});
