import { expect, it } from 'vitest';
import { requireAutoscaler, scalingLack } from '../../../../harness/drivers/scaling-lack.js';

const consumers = { workers: 1, members: 1, concurrency: 8, handler: { timeMs: 0, cpuMs: 0, failShare: 0 } };
const scaled = { ...consumers, autoscale: { max: 4 } };
const driver = (autoscale: boolean | undefined) => {
  const capabilities = { ordering: 'none', inventory: false, redeliveryAfterMs: 0 } as const;
  return { name: 'mine', capabilities: { ...capabilities, ...(autoscale !== undefined && { autoscale }) } };
};

it('is that the driver has no autoscaler where the scenario wants one', () => {
  for (const without of [driver(undefined), driver(false)]) {
    expect(scalingLack(scaled, without)).toContain('driver mine does not scale its consumers');
    expect(() => requireAutoscaler(scaled, without)).toThrow(
      expect.objectContaining({ code: 'no-autoscaler', exitCode: 2, message: expect.stringContaining('autoscale()') }),
    );
  }
});

it('is nothing where it has one, or none is wanted', () => {
  expect(scalingLack(scaled, driver(true))).toBeUndefined();
  expect(scalingLack(consumers, driver(undefined))).toBeUndefined();
  expect(() => requireAutoscaler(consumers, driver(undefined))).not.toThrow();
});
