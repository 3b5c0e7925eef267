import type { FaultResult, Results, Series, Verdict } from '../../reports/results.js';
import { CLOSING_FAULT, type Episode } from './episodes.js';

/** What is kept of a run: one line of runs.jsonl. */
export interface SoakRun {
  readonly seed: number;
  readonly startedAt: string;
  readonly commit: string | null;
  readonly versions: Results['run']['versions'];
  readonly machine: Results['run']['machine'];
  readonly verdict: Verdict;
  readonly reason: string;
  /** What was wrong with ledger, generator or machine: nothing is claimed from such a run. A fault without effect voids its own episode only. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<SoakCount, number>>;
  readonly episodes: readonly EpisodeRecord[];
}

export interface EpisodeRecord {
  readonly kind: string;
  readonly tookHold: boolean;
  /** Masters before and after it; null where the run does not say. */
  readonly masters: readonly [string | null, string | null];
  /** After the last of its faults; null: never, or not measured. */
  readonly recoveryMs: number | null;
  /** The longest time without a success from its first fault to the next episode, in whole intervals of the results; null: not measured. */
  readonly unavailableMs: number | null;
}

export const SOAK_COUNTS = [
  'accepted',
  'lost',
  'reordered',
  'overlapped',
  'duplicated',
  'duplicated.unexcused',
  'indeterminate',
  'rejected',
] as const;
export type SoakCount = (typeof SOAK_COUNTS)[number];

/** `commit`: of the checkout that ran it; the scenario itself lies in no checkout. */
export function recordRun(
  seed: number,
  commit: string | null,
  episodes: readonly Episode[],
  results: Results,
): SoakRun {
  const { run, verdict, reason, ledger, faults, instrument } = results;
  const byId = new Map(faults.map((fault) => [fault.id, fault]));
  const closing = byId.get(CLOSING_FAULT);
  const first = episodes.map(({ faults: [id] }) => byId.get(id as string));
  const withoutEffect = faults.filter(({ tookHold }) => !tookHold).map(({ id }) => `the fault ${id} did not take hold`);
  return {
    seed,
    startedAt: run.startedAt,
    commit,
    versions: run.versions,
    machine: run.machine,
    verdict,
    reason,
    problems: instrument.problems.filter((problem) => !withoutEffect.some((prefix) => problem.startsWith(prefix))),
    counts: Object.fromEntries(SOAK_COUNTS.map((name) => [name, countOf(ledger.counts, name)])) as SoakRun['counts'],
    episodes: episodes.map((episode, n) =>
      recordEpisode(
        episode,
        episode.faults.flatMap((id) => byId.get(id) ?? []),
        [first[n], first[n + 1] ?? closing],
        results.series,
      ),
    ),
  };
}

function recordEpisode(
  { kind, faults }: Episode,
  seen: readonly FaultResult[],
  [own, next]: readonly [FaultResult | undefined, FaultResult | undefined],
  series: Series,
): EpisodeRecord {
  return {
    kind,
    tookHold: seen.length === faults.length && seen.every(({ tookHold }) => tookHold),
    masters: [masterIn(own), masterIn(next)],
    recoveryMs: seen.at(-1)?.recoveryMs ?? null,
    unavailableMs: longestSilence(series, own?.injectedMs ?? null, next?.injectedMs ?? Infinity),
  };
}

/** That of the fault itself goes on to the end of the load, through all later episodes. */
function longestSilence({ atMs, delivered, intervalMs }: Series, fromMs: number | null, toMs: number): number | null {
  if (fromMs === null) return null;
  let longest = 0;
  let silent = 0;
  for (const [index, startMs] of atMs.entries()) {
    if (startMs < fromMs || startMs >= toMs) continue;
    silent = delivered[index] === 0 ? silent + 1 : 0;
    longest = Math.max(longest, silent);
  }
  return longest * intervalMs;
}

/** The first fault of every episode, and the closing one, are aimed at the master of their moment. */
function masterIn(fault: FaultResult | undefined): string | null {
  return fault?.tookHold ? (fault.affected[0] ?? null) : null;
}

/** A count that is not in the document would pass for zero. */
function countOf(counts: Results['ledger']['counts'], name: SoakCount): number {
  const count = counts[name];
  if (count === undefined) throw new Error(`the results have no count "${name}": they are not those of this version`);
  return count.value;
}
