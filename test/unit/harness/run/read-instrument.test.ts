import { describe, expect, it } from 'vitest';
import { NS_PER_MS } from '../../../../harness/clock.js';
import { QUIET_INSTRUMENT } from '../../../../harness/gates/instrument.js';
import type { InventoryReading } from '../../../../harness/ledger/history.js';
import type { ProbeSlice } from '../../../../harness/load/protocol.js';
import { readInstrument, type Witnesses } from '../../../../harness/run/read-instrument.js';

const QUIET: Witnesses = {
  probe: { stalls: [], slices: [], endedEarly: undefined },
  fleet: { outsideSignals: () => [] },
  timeline: { problems: () => [] },
  drained: { inventory: undefined, stopped: undefined },
};

function slice(changes: Partial<ProbeSlice>): ProbeSlice {
  return { fromNs: 0, untilNs: 100 * NS_PER_MS, stealShare: 0, clockStepMs: 0, ...changes };
}

function reading(changes: Partial<InventoryReading>): InventoryReading {
  return { stable: true, scans: 2, problem: undefined, items: [], ...changes };
}

describe('the reading of the instrument', () => {
  it('is quiet when nobody saw anything', () => {
    expect(readInstrument(QUIET)).toEqual(QUIET_INSTRUMENT);
  });

  it('calls a wall clock that moved by more than half a second, forth or back, a jump', () => {
    const slices = [500, 501, -500, -3600_000].map((clockStepMs) => slice({ clockStepMs }));
    expect(readInstrument({ ...QUIET, probe: { ...QUIET.probe, slices } }).clockJumps).toEqual([
      'the wall clock jumped by 501 ms',
      'the wall clock jumped by -3600000 ms',
    ]);
  });

  it('keeps stalls and steal as the probe saw them', () => {
    const stalls = [{ fromNs: 3, untilNs: 9 }];
    const slices = [slice({ stealShare: 0.4 })];
    const { stalls: read, steal } = readInstrument({ ...QUIET, probe: { ...QUIET.probe, stalls, slices } });
    expect(read).toEqual(stalls);
    expect(steal).toEqual([{ fromNs: 0, untilNs: 100 * NS_PER_MS, share: 0.4 }]);
  });

  it('collects what interfered from outside: signals, faults that stayed, a probe that ended', () => {
    const { outsideSignals } = readInstrument({
      ...QUIET,
      probe: { ...QUIET.probe, endedEarly: 'the probe ended' },
      fleet: { outsideSignals: () => ['consumer-1: ended by SIGKILL from outside'] },
      timeline: { problems: () => ['cut could not be undone'] },
    });
    expect(outsideSignals).toEqual([
      'consumer-1: ended by SIGKILL from outside',
      'cut could not be undone',
      'the probe ended',
    ]);
  });

  it.each<[string, Witnesses['drained'], string | undefined]>([
    ['nothing, where the inventory was read', { inventory: reading({}), stopped: undefined }, undefined],
    ['nothing, where the driver has none', { inventory: undefined, stopped: undefined }, undefined],
    [
      'an inventory that never came to rest',
      { inventory: reading({ stable: false }), stopped: undefined },
      'the inventory could not be read back: it never came to rest',
    ],
    [
      'an inventory that failed',
      { inventory: reading({ stable: false, problem: 'it threw' }), stopped: undefined },
      'the inventory could not be read back: it threw',
    ],
    [
      'a drain that was stopped, first of all',
      { inventory: reading({ stable: false }), stopped: 'consumer-2 was not ready' },
      'consumer-2 was not ready',
    ],
  ])('tells of the drain %s', (_, drained, expected) => {
    expect(readInstrument({ ...QUIET, drained }).stoppedDraining).toBe(expected);
  });
});
