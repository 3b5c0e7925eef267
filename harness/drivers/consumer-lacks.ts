import type { ConsumersSpec } from '../scenario/scenario.js';
import type { Driver } from './driver.js';
import { DriverError } from './driver-error.js';

/** What has to be known of a driver: its name and as much of its capabilities. */
interface Consuming {
  readonly name: string;
  readonly capabilities: Pick<Driver['capabilities'], 'severalMembers' | 'autoscale'>;
}

/** Something that a scenario wants of its consumers, under this key of `consumers`, and that the driver cannot do. */
export interface ConsumerLack {
  readonly code: 'single-member' | 'no-autoscaler';
  readonly key: 'members' | 'autoscale';
  readonly problem: string;
}

/** By the driver's capabilities. */
export function consumerLacks(
  { members, autoscale }: ConsumersSpec,
  { name, capabilities }: Consuming,
): ConsumerLack[] {
  const lacks: ConsumerLack[] = [];
  if (members > 1 && capabilities.severalMembers !== true) {
    const problem = `${members} members in one worker: driver ${name} opens one (its capabilities.severalMembers is not true). Use consumers.workers instead, or have the driver's consume() be called several times at once.`;
    lacks.push({ code: 'single-member', key: 'members', problem });
  }
  if (autoscale !== undefined && capabilities.autoscale !== true) {
    const problem = `driver ${name} does not scale its consumers (its capabilities.autoscale is not true). Leave consumers.autoscale out, or give the driver an autoscale().`;
    lacks.push({ code: 'no-autoscaler', key: 'autoscale', problem });
  }
  return lacks;
}

/** Before the load. Throws {@link DriverError} `single-member` and `no-autoscaler`. */
export function refuseLacks(consumers: ConsumersSpec, driver: Consuming): void {
  const [lack] = consumerLacks(consumers, driver);
  if (lack !== undefined) throw new DriverError(lack.code, `consumers.${lack.key}: ${lack.problem}`);
}
