import type { Clock } from '../clock.js';
import type { InventoryReading } from '../ledger/history.js';
import type { DriverDescription } from '../load/protocol.js';
import { readInventory } from '../load/read-inventory.js';
import type { RunContext } from '../load/run-context.js';
import { WorkerError } from '../load/worker-error.js';
import type { Scenario } from '../scenario/scenario.js';
import { drain, quietMs, silence } from './drain.js';
import type { LiveView } from './live-view.js';
import type { WorkerFleet } from './worker-fleet.js';

/** Places whose messages the system still owes to a consumer. */
const OWED = new Set(['log', 'pending', 'retry', 'parked']);

export interface DrainContext {
  readonly scenario: Scenario;
  readonly context: RunContext;
  readonly driver: DriverDescription;
  readonly fleet: WorkerFleet;
  readonly startNs: number;
  readonly clock: Clock;
  readonly live: LiveView;
}

export interface Drained {
  readonly inventory: InventoryReading | undefined;
  /** Why it ended before everything was looked for. */
  readonly stopped: string | undefined;
}

/** Until everything is settled and silent; then one fresh consumer, which is handed what was never settled. */
export async function drainSystem(run: DrainContext, signal: AbortSignal): Promise<Drained> {
  const { context, driver, fleet, clock, live } = run;
  const { redeliveryAfterMs, inventory } = driver.capabilities;
  await abortable(fleet.stopProducers(), signal);
  const waiting = {
    clock,
    redeliveryAfterMs,
    deadlineMs: run.scenario.drain.deadlineMs,
    lastHandledNs: () => fleet.totals().lastHandledNs,
    owed: async () => (inventory ? owed(await readInventory(context, signal)) : 0),
  };
  await drain(waiting, signal);
  await abortable(fleet.stopConsumers(), signal);
  live.stage('looking for messages that were never settled');
  let stopped: string | undefined;
  try {
    await abortable(fleet.startFreshConsumer(run.startNs), signal);
    await silence(waiting, quietMs(redeliveryAfterMs), clock.nowNs(), signal);
    await abortable(fleet.stopConsumers(), signal);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    stopped = error.message;
  }
  live.stage('reading back what the system still holds');
  return { inventory: inventory ? await readInventory(context, signal) : undefined, stopped };
}

/** What cannot be read back may still be owed: the drain then goes on to its deadline. */
function owed(reading: InventoryReading): number {
  if (!reading.stable) return Number.POSITIVE_INFINITY;
  return reading.items.reduce((sum, item) => sum + (OWED.has(item.place) ? item.copies : 0), 0);
}

/** Stops waiting when the run is given up; what was waited for is ended by disposal. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
