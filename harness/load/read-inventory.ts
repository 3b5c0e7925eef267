import { STORED_PLACES } from '../drivers/driver.js';
import type { InventoryItem, InventoryReading } from '../ledger/history.js';
import { runOneShot } from './one-shot.js';
import type { PackedInventory } from './protocol.js';
import type { RunContext } from './run-context.js';

/** On top of the time that the process gives the driver: its own start, and the closing of the driver. */
const MARGIN_MS = 30_000;

/**
 * What the system still holds, read back message by message in a fresh process until two scans agree. Whatever goes wrong
 * is a reading too: nothing found, and the problem. Rejects only when the signal aborts.
 */
export async function readInventory(context: RunContext, signal: AbortSignal): Promise<InventoryReading> {
  const deadlineMs = context.scenario.drain.inventoryMs + MARGIN_MS;
  let packed: PackedInventory | undefined;
  const { failure, timedOut } = await runOneShot(
    context,
    'inventory',
    deadlineMs,
    (message) => {
      if (message.type === 'inventory') packed = message.reading;
    },
    signal,
  );
  if (packed !== undefined) return unpack(packed);
  const problem = timedOut
    ? `it was not done within ${deadlineMs / 1000} s`
    : (failure?.message ?? 'it ended without one');
  return { stable: false, scans: 0, problem, items: [] };
}

function unpack({ stable, scans, problem, ordinals, place, copies, corrupt }: PackedInventory): InventoryReading {
  const items = Array.from(
    ordinals,
    (ordinal, i): InventoryItem => ({
      ordinal,
      place: STORED_PLACES[place[i]!]!,
      copies: copies[i]!,
      corrupt: corrupt[i] === 1,
    }),
  );
  return { stable, scans, problem, items };
}
