import { describe, expect, it } from 'vitest';
import { ExternalScaler } from '../../../../broker/index.js';
import { resolveAutoscaleOptions } from '../../../../broker/scaling/autoscale-options.js';

const scaler = new ExternalScaler();

describe('the options of an autoscaler', () => {
  it('have defaults, and never more members than partitions', () => {
    expect(resolveAutoscaleOptions({ scaler }, 16)).toMatchObject({ min: 1, max: 16, targetUtilization: 0.7 });
    expect(resolveAutoscaleOptions({ scaler, max: 100 }, 16).max).toBe(16);
  });

  it.each([
    [{ min: 0 }, 'min 0: a whole number of at least 1'],
    [{ min: 3, max: 2 }, 'max 2: a whole number of at least min, 3'],
    [{ min: 17, max: 17 }, 'min 17: at most as many as there are partitions, 16'],
    [{ targetUtilization: 1.5 }, 'targetUtilization 1.5'],
    [{ tolerance: 1 }, 'tolerance 1'],
    [{ drainMs: 0 }, 'drainMs 0'],
    [{ everyMs: Number.NaN }, 'everyMs NaN'],
    [{ scaleInHoldMs: -1 }, 'scaleInHoldMs -1'],
    [{ coolDownMs: -1 }, 'coolDownMs -1'],
    [{ scaler: {} as never }, 'scaler [object Object]'],
  ])('are refused where they make no sense: %j', (options, text) => {
    const resolve = () => resolveAutoscaleOptions({ scaler, ...options }, 16);
    expect(resolve).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(resolve).toThrow(text);
  });
});
