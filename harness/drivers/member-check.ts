import type { ConsumersSpec } from '../scenario/scenario.js';
import { DriverError } from './driver-error.js';

/** What has to be known of a driver: its name and as much of its capabilities. */
interface Joining {
  readonly name: string;
  readonly capabilities: { readonly severalMembers?: boolean };
}

/** Why the driver cannot open as many members in a worker as the scenario has; undefined: it can. */
export function membersProblem({ members }: ConsumersSpec, { name, capabilities }: Joining): string | undefined {
  if (members === 1 || capabilities.severalMembers === true) return undefined;
  return `${members} members in one worker: driver ${name} opens one (its capabilities.severalMembers is not true). Use consumers.workers instead, or have the driver's consume() be called several times at once`;
}

/** Throws {@link DriverError} `single-member`. */
export function refuseMembers(consumers: ConsumersSpec, driver: Joining): void {
  const problem = membersProblem(consumers, driver);
  if (problem !== undefined) throw new DriverError('single-member', `consumers.members: ${problem}.`);
}
