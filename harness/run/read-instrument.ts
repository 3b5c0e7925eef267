import type { Timeline } from '../faults/timeline.js';
import type { InstrumentReading } from '../gates/instrument.js';
import type { InventoryReading } from '../ledger/history.js';
import type { Probe } from '../load/probe.js';
import type { Drained } from './drain-system.js';
import type { WorkerFleet } from './worker-fleet.js';

/** A wall clock that moved this much against the monotonic one was set, or the machine slept. */
const CLOCK_JUMP_MS = 500;

/** Who watched the harness and its machine while the run went on. */
export interface Witnesses {
  readonly probe: Pick<Probe, 'stalls' | 'slices' | 'endedEarly'>;
  readonly fleet: Pick<WorkerFleet, 'outsideSignals'>;
  readonly timeline: Pick<Timeline, 'problems'>;
  readonly drained: Drained;
}

/** What they saw that bears on the verdict. */
export function readInstrument({ probe, fleet, timeline, drained }: Witnesses): InstrumentReading {
  const jumps = probe.slices.filter(({ clockStepMs }) => Math.abs(clockStepMs) > CLOCK_JUMP_MS);
  return {
    stalls: probe.stalls,
    steal: probe.slices.map(({ fromNs, untilNs, stealShare }) => ({ fromNs, untilNs, share: stealShare })),
    outsideSignals: [
      ...fleet.outsideSignals(),
      ...timeline.problems(),
      ...(probe.endedEarly ? [probe.endedEarly] : []),
    ],
    clockJumps: jumps.map(({ clockStepMs }) => `the wall clock jumped by ${Math.round(clockStepMs)} ms`),
    stoppedDraining: drained.stopped ?? unreadable(drained.inventory),
  };
}

/** An inventory that could not be read says nothing about what is unsettled: a gate may fail on that, none may pass. */
function unreadable(inventory: InventoryReading | undefined): string | undefined {
  if (inventory === undefined || inventory.stable) return undefined;
  return `the inventory could not be read back: ${inventory.problem ?? 'it never came to rest'}`;
}
