import type { WorkerIncident } from '../history.js';
import { LedgerReader } from '../reader.js';
import { END_FAILED, KIND } from '../record.js';
import { addSaturating, type Columns } from './columns.js';
import { Damage } from './damage.js';
import { incidentsOf } from './senders.js';

/** Handlings kept in memory at once: should everything be duplicated, the files are read several times instead. */
const MAX_HANDLINGS = 500_000;

interface Success {
  readonly startNs: number;
  readonly endNs: number;
  readonly file: number;
}

/**
 * Counts the extra successes that a fault of the scenario explains: between the START of the handling before it and that
 * one's settling horizon (its END and the system's redelivery time), its worker was killed, paused, stalled or cut off, or its
 * master failed over. An ordered stop explains none: what was in flight could still be settled.
 */
export function checkExcuses(columns: Columns): void {
  const incidents = columns.history.files.map((file) =>
    incidentsOf(columns.history, file).filter(({ kind }) => kind !== 'stopped'),
  );
  if (incidents.every((own) => own.length === 0)) return;
  const { count } = columns.history.plan;
  for (let first = 0; first < count; ) {
    let end = first;
    for (let handlings = 0; end < count && handlings < MAX_HANDLINGS; end++) {
      if ((columns.successes[end] as number) > 1) handlings += columns.successes[end] as number;
    }
    excuseRange(columns, first, end, incidents);
    first = end;
  }
}

function excuseRange(
  columns: Columns,
  first: number,
  end: number,
  incidents: readonly (readonly WorkerIncident[])[],
): void {
  const horizonNs = columns.history.redeliveryAfterMs * 1e6;
  for (const [ordinal, successes] of collectSuccesses(columns, first, end)) {
    successes.sort((a, b) => a.startNs - b.startNs);
    for (let i = 1; i < successes.length; i++) {
      const earlier = successes[i - 1] as Success;
      const excused = (incidents[earlier.file] as readonly WorkerIncident[]).some(
        ({ fromNs, untilNs }) => fromNs <= earlier.endNs + horizonNs && untilNs >= earlier.startNs,
      );
      if (excused) addSaturating(columns.excused, ordinal);
    }
  }
}

function collectSuccesses(columns: Columns, first: number, end: number): Map<number, Success[]> {
  const found = new Map<number, Success[]>();
  columns.history.files.forEach((file, index) => {
    if (file.role !== 'consumer') return;
    const begun = new Map<number, { readonly ns: number; readonly attempt: number }[]>();
    // What is wrong with the file was already said when it was read first.
    using reader = new LedgerReader(file, new Damage());
    while (reader.next()) {
      const { ordinal, kind, ns, b: attempt } = reader;
      if (ordinal < first || ordinal >= end || (columns.successes[ordinal] as number) < 2) continue;
      if (kind === KIND.START) append(begun, ordinal, { ns, attempt });
      if (kind !== KIND.END) continue;
      const own = begun.get(ordinal) ?? [];
      const [start] = own.splice(
        own.findIndex((one) => one.attempt === attempt),
        1,
      );
      const startNs = start?.ns ?? ns;
      if ((reader.flags & END_FAILED) === 0) append(found, ordinal, { startNs, endNs: ns, file: index });
    }
  });
  return found;
}

function append<T>(lists: Map<number, T[]>, ordinal: number, item: T): void {
  const list = lists.get(ordinal);
  if (list) list.push(item);
  else lists.set(ordinal, [item]);
}
