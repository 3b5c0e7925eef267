import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import { readySteps } from '../../../../harness/ledger/ready-consumers.js';
import { KIND } from '../../../../harness/ledger/record.js';
import type { RunContext } from '../../../../harness/load/run-context.js';
import type { WorkerEnd } from '../../../../harness/load/worker-end.js';
import { WorkerFleet } from '../../../../harness/run/worker-fleet.js';
import { ledgerRecords } from '../../../fixtures/ledger-records.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';
import { MOODY, openWorkerBed } from '../../../fixtures/worker-bed.js';

const folder = temporaryFolders();

async function until(what: () => boolean): Promise<void> {
  const seen = await waitFor(() => what() || undefined, { clock: systemClock, deadlineMs: 60_000 });
  if (!seen) throw new Error(`never so: ${what}`);
}

/** A fleet of one consumer, which may become three, and one producer; the driver needs no servers. */
function fleetOf(context: RunContext, ends: WorkerEnd[] = [], handled = new Set<string>()): WorkerFleet {
  const consumers = { ...context.scenario.consumers, autoscale: { max: 3 } };
  const scaled = { ...context, scenario: { ...context.scenario, consumers } };
  return new WorkerFleet(scaled, {
    onStats: (worker, { consumer }) => consumer?.latencyP99Ms !== undefined && handled.add(worker),
    onEnd: (end) => end.worker.startsWith('consumer') && ends.push(end),
    onNotStarted: () => {},
  });
}

const consumersOf = (fleet: WorkerFleet) => [...fleet.pids().keys()].filter((name) => name.startsWith('consumer'));
const readyNow = (fleet: WorkerFleet) => readySteps(fleet.readyConsumers(9e18)).at(-2)?.consumers ?? 0;

describe('a fleet whose consumers come and go', () => {
  it('starts what is missing, ends the last ones in order, and accounts for each of their lives', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const ends: WorkerEnd[] = [];
    const handled = new Set<string>();
    await using fleet = fleetOf(bed.context, ends, handled);
    await fleet.start();
    fleet.begin(systemClock.nowNs());
    await fleet.scaleConsumers(3);
    await until(() => readyNow(fleet) === 3);
    expect(consumersOf(fleet)).toEqual(['consumer-1', 'consumer-2', 'consumer-3']);
    // They are told when the load began, and handle what they are given.
    await until(() => handled.has('consumer-2') && handled.has('consumer-3'));
    await fleet.scaleConsumers(2);
    expect(consumersOf(fleet)).toEqual(['consumer-1', 'consumer-2']);
    expect(ends).toMatchObject([{ worker: 'consumer-3', incarnation: 0, reason: 'finished' }]);
    await fleet.scaleConsumers(3);
    await until(() => readyNow(fleet) === 3);
    await fleet.stopAutoscaler();
    await fleet.stopConsumers();
    const files = fleet.ledgerFiles().filter(({ role }) => role === 'consumer');
    expect(files.map(({ worker, incarnation }) => [worker, incarnation])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [2, 1],
    ]);
    for (const { path } of files) expect(ledgerRecords(path).at(-1)).toMatchObject({ kind: KIND.CLOSE });
    // Nobody's fault: it excuses no duplicate.
    expect(fleet.incidents(9e18)).toEqual([]);
    expect(fleet.crashes()).toEqual([]);
    const counts = readySteps(fleet.readyConsumers(9e18)).map(({ consumers }) => consumers);
    expect(counts.slice(0, 5)).toEqual([1, 2, 3, 2, 3]);
    expect(counts.at(-1)).toBe(0);
  });

  it('does one thing after the other, and leaves the first ones to the faults', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    await using fleet = fleetOf(bed.context);
    await fleet.start();
    fleet.get('consumer-1')!.signal('SIGKILL');
    await fleet.get('consumer-1')!.exited();
    // Before they are ready they are not wanted any more.
    const [out, back] = [fleet.scaleConsumers(3), fleet.scaleConsumers(1)];
    await out;
    await back;
    expect(consumersOf(fleet)).toEqual([]);
    expect(fleet.crashes()).toEqual([]);
  });

  it('has the fresh consumer of the drain be none of them', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    await using fleet = fleetOf(bed.context);
    await fleet.start();
    await fleet.stopConsumers();
    await fleet.startFreshConsumer(systemClock.nowNs());
    expect(consumersOf(fleet)).toEqual(['consumer-4']);
    await fleet.stopConsumers();
    expect(fleet.ledgerFiles().filter(({ fresh }) => fresh)).toMatchObject([{ worker: 3 }]);
    expect(fleet.readyConsumers(9e18)).toHaveLength(1);
  });

  it('starts nobody any more once it is disposed of', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const fleet = fleetOf(bed.context);
    await fleet.start();
    await fleet[Symbol.asyncDispose]();
    await fleet.scaleConsumers(3);
    expect(bed.pids.size).toBe(0);
  });
});
