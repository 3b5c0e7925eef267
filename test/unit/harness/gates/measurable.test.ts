import { describe, expect, it } from 'vitest';
import { DriverError } from '../../../../harness/drivers/driver-error.js';
import { leftOutWith, unmeasurableGates } from '../../../../harness/gates/measurable.js';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { MINIMAL, withMore } from '../../../fixtures/scenario-texts.js';

const FULL = { ordering: 'key', inventory: true } as const;
const gatesOf = (text: string) => parseScenario(text, 'x').gates;

describe('gates against the capabilities of a driver', () => {
  it('are all measurable where order is promised and an inventory kept', () => {
    const gates = gatesOf(withMore('gates: [reordered == 0, overlapped == 0, stranded <= 5]'));
    expect(unmeasurableGates(gates, { name: 'mine', capabilities: FULL })).toEqual([]);
  });

  it('leave out the implicit ones that rest on what the driver cannot do', () => {
    const unordered = { name: 'mine', capabilities: { ...FULL, ordering: 'none' } } as const;
    expect(leftOutWith(gatesOf(MINIMAL), unordered)).toEqual([
      {
        gate: expect.objectContaining({ text: 'overlapped == 0' }),
        reason: 'driver mine promises no order (its capabilities.ordering is none)',
        remedy: 'Leave the gate out, or have the driver promise ordering: key.',
      },
    ]);
    const blind = { name: 'mine', capabilities: { ...FULL, inventory: false } };
    expect(leftOutWith(gatesOf(MINIMAL), blind).map(({ gate }) => gate.text)).toEqual([
      'stranded == 0',
      'unsettled == 0',
      'collateral == 0',
      'misjudged == 0',
    ]);
  });

  it('are refused where the scenario states them: each by name, with the remedy', () => {
    const driver = { name: 'mine', capabilities: { ordering: 'none', inventory: false } } as const;
    const gates = gatesOf(withMore('gates: [lost == 0, reordered <= 5, unsettled <= 1%]'));
    expect(() => leftOutWith(gates, driver)).toThrow(DriverError);
    expect(() => leftOutWith(gates, driver)).toThrow(
      `gate "reordered <= 5" cannot be measured: driver mine promises no order (its capabilities.ordering is none). Leave the gate out, or have the driver promise ordering: key.
gate "unsettled <= 1%" cannot be measured: driver mine cannot read back what the system still holds (its capabilities.inventory is false). Leave the gate out, or give the driver an inventory().`,
    );
  });
});
