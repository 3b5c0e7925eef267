import type { MemberReport, Roster } from './roster.js';

/** What one partition brings. */
export interface PartitionLoad {
  /** Messages that come in: a moving estimate over some seconds. */
  readonly ratePerSec: number;
  /** Messages that are stored and not settled; an estimate where frames are not read yet. */
  readonly lag: number;
}

/** What a member says of its work. */
export interface MemberLoad {
  /** What a handler takes: a moving mean; undefined before the first. */
  readonly serviceMs: number | undefined;
  /** Handlers that may run at a time. */
  readonly concurrency: number;
  /** Of those that it owns, where enough is known of them. */
  readonly partitions: ReadonlyMap<number, PartitionLoad>;
}

/** As it stands in a report, under `load`. */
export function loadReport({ serviceMs, concurrency, partitions }: MemberLoad): MemberReport {
  const rows = [...partitions].map(([partition, { ratePerSec, lag }]) => [
    partition,
    rounded(ratePerSec),
    rounded(lag),
  ]);
  return {
    load: { concurrency, partitions: rows, ...(serviceMs === undefined ? {} : { serviceMs: rounded(serviceMs) }) },
  };
}

/** What a report says of load; undefined where it says nothing, or something malformed. */
export function parseLoad(report: MemberReport | undefined): MemberLoad | undefined {
  const load = report?.load as { serviceMs?: unknown; concurrency?: unknown; partitions?: unknown } | null | undefined;
  if (typeof load !== 'object' || load === null) return undefined;
  const { serviceMs, concurrency, partitions: rows } = load;
  if (!isAmount(concurrency) || !Array.isArray(rows) || !(serviceMs === undefined || isAmount(serviceMs)))
    return undefined;
  const partitions = new Map<number, PartitionLoad>();
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row) || row.length !== 3 || !row.every(isAmount)) return undefined;
    const [partition, ratePerSec, lag] = row as [number, number, number];
    partitions.set(partition, { ratePerSec, lag });
  }
  return { serviceMs, concurrency, partitions };
}

/** By partition, what the member says that is to own it; undefined where that one says nothing of it (yet). */
export function partitionLoads({
  assignment,
  reports,
}: Pick<Roster, 'assignment' | 'reports'>): (PartitionLoad | undefined)[] {
  const loads = new Map([...reports].map(([member, report]) => [member, parseLoad(report)]));
  return assignment.map((owner, partition) => loads.get(owner ?? '')?.partitions.get(partition));
}

/** What a group has to do, and with how much. */
export interface GroupLoad {
  /** Members that are there. */
  readonly members: number;
  /** Those of them that drain: they are there, and handle nothing. */
  readonly draining: number;
  readonly ratePerSec: number;
  readonly backlog: number;
  /** The mean, each member by what comes to it; undefined before anything was handled. */
  readonly serviceMs: number | undefined;
  /** The mean; undefined where nobody reports. */
  readonly concurrency: number | undefined;
  /** Every partition is in it. */
  readonly isWhole: boolean;
}

/** Messages a second with which a member counts at the least. */
const LEAST_SHARE = 1e-6;

/** Sums up what the members report. */
export function groupLoad(roster: Pick<Roster, 'assignment' | 'reports' | 'seats'>): GroupLoad {
  const present = [...roster.seats.values()].filter(({ isAway }) => !isAway);
  const partitions = partitionLoads(roster);
  const known = partitions.filter((load) => load !== undefined);
  const loads = present.flatMap(({ id }) => parseLoad(roster.reports.get(id)) ?? []);
  const times = loads.filter(({ serviceMs }) => serviceMs !== undefined);
  // A member to which nothing comes has little to say of how long that takes.
  const shares = times.map((load) => LEAST_SHARE + sumOf([...load.partitions.values()].map((one) => one.ratePerSec)));
  const timed = sumOf(times.map(({ serviceMs }, i) => serviceMs! * shares[i]!));
  const concurrency = sumOf(loads.map((load) => load.concurrency)) / loads.length;
  return {
    members: present.length,
    draining: present.filter(({ isDraining }) => isDraining).length,
    ratePerSec: sumOf(known.map(({ ratePerSec }) => ratePerSec)),
    backlog: sumOf(known.map(({ lag }) => lag)),
    serviceMs: times.length === 0 ? undefined : timed / sumOf(shares),
    concurrency: loads.length === 0 ? undefined : concurrency,
    isWhole: known.length === partitions.length,
  };
}

/** Messages a second that a member has to handle so that it keeps up, and has worked the rest off within `drainMs`. */
export function weightOf({ ratePerSec, lag }: PartitionLoad, drainMs: number): number {
  return ratePerSec + (lag * 1_000) / drainMs;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Three digits after the point. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
