import type { Clock } from '../clock.js';
import { type Driver, STORED_PLACES } from '../drivers/driver.js';
import { verifyContent } from './delivery.js';
import type { LoadPlan } from './plan.js';
import type { PackedInventory } from './protocol.js';

const PAUSE_MS = 200;

/** Copies by what they are: ordinal * 16 + place * 2 + corrupt. */
type Scan = Map<number, number>;

export interface ScanOptions {
  readonly plan: LoadPlan;
  readonly nonce: string;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/**
 * Reads the inventory until two scans in a row agree; the last one counts. Never stable, throwing or hanging: nothing
 * was found, with the reason as `problem`.
 */
export async function scanUntilStable(
  driver: Pick<Driver, 'inventory'>,
  options: ScanOptions,
  signal: AbortSignal,
): Promise<PackedInventory> {
  const { clock, deadlineMs } = options;
  const end = new AbortController();
  const both = AbortSignal.any([signal, end.signal]);
  let scans = 0;
  const search = async (): Promise<PackedInventory> => {
    for (let last: Scan | undefined; ; ) {
      const scan = await scanOnce(driver, options, both);
      scans++;
      if (last !== undefined && agree(last, scan)) return { stable: true, scans, problem: undefined, ...columns(scan) };
      last = scan;
      await clock.sleep(PAUSE_MS, both);
    }
  };
  const patience = clock.sleep(deadlineMs, both).then(() => {
    const limit = `within ${deadlineMs / 1000} s`;
    throw new Error(scans < 2 ? `it did not end ${limit}` : `${scans} scans, and no two in a row were alike ${limit}`);
  });
  try {
    return await Promise.race([search(), patience]);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { stable: false, scans, problem, ...columns(new Map()) };
  } finally {
    patience.catch(() => {});
    end.abort(new Error('the inventory is over'));
  }
}

async function scanOnce(
  driver: Pick<Driver, 'inventory'>,
  { plan, nonce }: ScanOptions,
  signal: AbortSignal,
): Promise<Scan> {
  const scan: Scan = new Map();
  for await (const message of driver.inventory?.(signal) ?? []) {
    signal.throwIfAborted();
    const place = STORED_PLACES.indexOf(message.place);
    if (place < 0) throw new Error(`it names a place ${message.place}; expected one of ${STORED_PLACES.join(', ')}`);
    const { ordinal, problem } = verifyContent(plan, nonce, message);
    const item = ordinal * 16 + place * 2 + (problem === undefined ? 0 : 1);
    scan.set(item, (scan.get(item) ?? 0) + 1);
  }
  return scan;
}

function agree(left: Scan, right: Scan): boolean {
  if (left.size !== right.size) return false;
  for (const [item, copies] of left) if (right.get(item) !== copies) return false;
  return true;
}

function columns(scan: Scan): Pick<PackedInventory, 'ordinals' | 'place' | 'copies' | 'corrupt'> {
  const items = [...scan.keys()].sort((a, b) => a - b);
  return {
    ordinals: Uint32Array.from(items, (item) => Math.floor(item / 16)),
    place: Uint8Array.from(items, (item) => (item % 16) >> 1),
    copies: Uint32Array.from(items, (item) => scan.get(item)!),
    corrupt: Uint8Array.from(items, (item) => item % 2),
  };
}
