import type { ConsumersSpec } from '../scenario/scenario.js';
import type { Driver } from './driver.js';
import { DriverError } from './driver-error.js';

type ScalingDriver = Pick<Driver, 'name' | 'capabilities'>;

/** Why the driver cannot have the consumers of this scenario scaled; undefined: it can, or need not. */
export function scalingLack({ autoscale }: ConsumersSpec, { name, capabilities }: ScalingDriver): string | undefined {
  if (autoscale === undefined || capabilities.autoscale === true) return undefined;
  return `driver ${name} does not scale its consumers (its capabilities.autoscale is not true). Leave consumers.autoscale out, or give the driver an autoscale().`;
}

/** Before the load. Throws {@link DriverError} `no-autoscaler`. */
export function requireAutoscaler(consumers: ConsumersSpec, driver: ScalingDriver): void {
  const lack = scalingLack(consumers, driver);
  if (lack !== undefined) throw new DriverError('no-autoscaler', `consumers.autoscale: ${lack}`);
}
