import { type RetrySink, takeUpRetries } from './stored-retries.js';
import type { Tenure } from './tenure.js';

/**
 * Takes in what was put back among the retries, redrive by redrive (see redrive.lua), as long as there is room: an owner keeps
 * in memory what it has taken in. What is not there any more was settled already. Where the link breaks, or the room ends,
 * it goes on at a later renewal.
 */
export async function takeRedriven(
  tenure: Tenure,
  sink: RetrySink,
  hasRoom: (tenure: Tenure) => boolean,
): Promise<void> {
  if (tenure.isTakingRedrive) return;
  tenure.isTakingRedrive = true;
  while (tenure.takenRedrive < tenure.announcedRedrive && hasRoom(tenure)) {
    const number = tenure.takenRedrive + 1;
    const rows = await readRows(tenure, number).catch(() => undefined);
    if (rows === undefined || tenure.isOver) break;
    tenure.takenRedrive = number;
    takeUpRetries(tenure, rows, sink);
    tenure.link.send(['ZREMRANGEBYSCORE', tenure.keys.redriven, '-inf', number], () => {});
  }
  tenure.isTakingRedrive = false;
}

async function readRows({ link, keys }: Tenure, number: number): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const positions = (await link.call('ZRANGEBYSCORE', keys.redriven, number, number)) as Buffer[];
  if (positions.length === 0) return found;
  const rows = (await link.call('HMGET', keys.retry, ...positions)) as (Buffer | null)[];
  for (const [i, row] of rows.entries()) if (row !== null) found.set(String(positions[i]), row);
  return found;
}
