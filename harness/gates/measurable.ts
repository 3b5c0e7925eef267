import { DriverError } from '../drivers/driver-error.js';
import type { Gate } from '../scenario/scenario.js';
import type { Metric } from './metric.js';
import { findMetric } from './registry.js';

/** What gates need to know of a driver: its name and as much of its capabilities. */
export interface GatedDriver {
  readonly name: string;
  readonly capabilities: { readonly ordering: 'key' | 'none'; readonly inventory: boolean };
}

/** A gate that would hold whatever the system did, and why. */
export interface UnmeasurableGate {
  readonly gate: Gate;
  /** A clause about the driver. */
  readonly reason: string;
  readonly remedy: string;
}

/** The gates that the driver's capabilities leave nothing to judge by. */
export function unmeasurableGates(gates: readonly Gate[], driver: GatedDriver): readonly UnmeasurableGate[] {
  return gates.flatMap((gate) => {
    const need = findMetric(gate.metric)?.needs;
    const lack = need === undefined ? undefined : lackOf(need, driver);
    return lack === undefined ? [] : [{ gate, ...lack }];
  });
}

/**
 * The implicit gates that have to be left out with this driver. Throws {@link DriverError} `unmeasurable-gate` for those
 * that the scenario states itself: leaving them out would look like passing.
 */
export function leftOutWith(gates: readonly Gate[], driver: GatedDriver): readonly UnmeasurableGate[] {
  const unmeasurable = unmeasurableGates(gates, driver);
  const stated = unmeasurable.filter(({ gate }) => !gate.implicit);
  if (stated.length === 0) return unmeasurable;
  const lines = stated.map(
    ({ gate, reason, remedy }) => `gate "${gate.text}" cannot be measured: ${reason}. ${remedy}`,
  );
  throw new DriverError('unmeasurable-gate', lines.join('\n'));
}

function lackOf(need: NonNullable<Metric['needs']>, { name, capabilities }: GatedDriver) {
  switch (need) {
    case 'key-order':
      if (capabilities.ordering === 'key') return undefined;
      return {
        reason: `driver ${name} promises no order (its capabilities.ordering is none)`,
        remedy: 'Leave the gate out, or have the driver promise ordering: key.',
      };
    case 'inventory':
      if (capabilities.inventory) return undefined;
      return {
        reason: `driver ${name} cannot read back what the system still holds (its capabilities.inventory is false)`,
        remedy: 'Leave the gate out, or give the driver an inventory().',
      };
    default:
      return need satisfies never;
  }
}
