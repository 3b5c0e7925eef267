import type { ConsumersSpec } from './scenario.js';

/** How many consumers there are at the least, and always, and at the most. */
export function consumerLimits({ workers, autoscale }: Pick<ConsumersSpec, 'workers' | 'autoscale'>): {
  readonly min: number;
  readonly max: number;
} {
  return { min: workers, max: autoscale?.max ?? workers };
}
