import { type RetrySink, takeUpRetries } from './stored-retries.js';
import type { Tenure } from './tenure.js';

/**
 * Takes in what was put back among the retries since the tenure began (see redrive.lua). What is not there any more was
 * taken up and settled already. Where the link breaks, the next renewal is told again.
 */
export async function takeRedriven(tenure: Tenure, sink: RetrySink): Promise<void> {
  if (tenure.isTakingRedrive || tenure.announcedRedrive <= tenure.takenRedrive) return;
  const { announcedRedrive } = tenure;
  tenure.isTakingRedrive = true;
  const rows = await readRows(tenure, announcedRedrive).catch(() => undefined);
  tenure.isTakingRedrive = false;
  if (rows === undefined || tenure.isOver) return;
  tenure.takenRedrive = announcedRedrive;
  takeUpRetries(tenure, rows, sink);
  tenure.link.send(['ZREMRANGEBYSCORE', tenure.keys.redriven, '-inf', announcedRedrive], () => {});
}

async function readRows({ link, keys, takenRedrive }: Tenure, upTo: number): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const positions = (await link.call('ZRANGEBYSCORE', keys.redriven, `(${takenRedrive}`, upTo)) as Buffer[];
  if (positions.length === 0) return found;
  const rows = (await link.call('HMGET', keys.retry, ...positions)) as (Buffer | null)[];
  for (const [i, row] of rows.entries()) if (row !== null) found.set(String(positions[i]), row);
  return found;
}
