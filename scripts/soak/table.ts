import { formatValue, median } from '../../bench/summary.js';
import { line } from '../../bench/table.js';
import { conditionsOf } from '../conditions.js';
import { type EpisodeRecord, SOAK_COUNTS, type SoakCount, type SoakRun } from './run-record.js';

const TITLES: Readonly<Record<SoakCount, string>> = {
  accepted: 'accepted',
  lost: 'lost',
  reordered: 'reordered',
  overlapped: 'overlapped',
  duplicated: 'handled twice',
  'duplicated.unexcused': 'without an excuse',
  indeterminate: 'indeterminate',
  rejected: 'rejected',
};

/** A run from which something may be claimed: ledger, generator and machine did their part. */
function isSound({ problems }: SoakRun): boolean {
  return problems.length === 0;
}

/** Episodes that count: every fault of theirs took hold, in a sound run. */
export function countedEpisodes(runs: readonly SoakRun[]): readonly EpisodeRecord[] {
  return runs.filter(isSound).flatMap(({ episodes }) => episodes.filter(({ tookHold }) => tookHold));
}

/** Whatever the machine did: what was lost or reordered is held against the broker. */
export function isHarmed({ counts }: SoakRun): boolean {
  return counts.lost > 0 || counts.reordered > 0;
}

/** The soak's result in Markdown, with the bounds that zero observed cases support: the rule of three, 3/n at 95 %. */
export function soakTable(runs: readonly SoakRun[]): string {
  const counted = countedEpisodes(runs);
  const all = runs.flatMap(({ episodes }) => episodes);
  const unsound = runs.filter((run) => !isSound(run));
  return [
    '# Failover soak',
    '',
    '`npm run soak`: seeded failovers on Sentinel with two replicas, durability `replicated`, 1,000 messages a second. One line of',
    '`runs.jsonl` a run; the same seed draws the same episodes.',
    '',
    `${counted.length} of ${all.length} episodes in ${runs.length} runs count: all faults of the episode took hold, and nothing was wrong with ledger,`,
    `generator or machine during the run. ${changed(counted).length} of them changed the master.`,
    '',
    ...kindTable(counted),
    '',
    line(SOAK_COUNTS.map((name) => TITLES[name])),
    line(SOAK_COUNTS.map(() => '---:')),
    line(SOAK_COUNTS.map((name) => sum(runs, name).toLocaleString('en-US'))),
    '',
    'These are the messages of all runs.',
    '',
    bound(runs, counted.length, 'lost', 'lost'),
    bound(runs, counted.length, 'reordered', 'reordered'),
    '',
    `Verdicts of the runs: ${tally(runs.map(({ verdict }) => verdict))}.`,
    ...unsound.map(({ seed, problems }) => `Seed ${seed} does not count: ${problems.join('; ')}.`),
    '',
    conditionsOf(runs),
    '',
  ].join('\n');
}

function kindTable(counted: readonly EpisodeRecord[]): string[] {
  const kinds = [...new Set(counted.map(({ kind }) => kind))].sort();
  const header = ['episode', 'counted', 'master changed', 'recovered within ms', 'without a success for ms'];
  return [
    line(header),
    line(['---', ...header.slice(1).map(() => '---:')]),
    ...kinds.map((kind) => {
      const own = counted.filter((episode) => episode.kind === kind);
      return line([
        kind,
        String(own.length),
        String(changed(own).length),
        spread(own.map(({ recoveryMs }) => recoveryMs ?? Infinity)),
        spread(own.map(({ unavailableMs }) => unavailableMs ?? Infinity)),
      ]);
    }),
    '',
    'Times are median and longest.',
  ];
}

/** Of an episode whose masters are not known nothing is said. */
function changed(episodes: readonly EpisodeRecord[]): readonly EpisodeRecord[] {
  return episodes.filter(({ masters: [before, after] }) => before !== null && after !== null && before !== after);
}

function bound(runs: readonly SoakRun[], episodes: number, count: SoakCount, done: string): string {
  const harmed = runs.filter(({ counts }) => counts[count] > 0);
  if (harmed.length > 0) {
    const seeds = harmed.map(({ seed, counts }) => `${seed} (${counts[count]})`).join(', ');
    return `**Messages were ${done}** in ${harmed.length} of ${runs.length} runs, those with the seeds ${seeds}: no bound is claimed.`;
  }
  if (episodes === 0) return `Nothing was ${done}, and no episode counts: no bound is claimed.`;
  const percent = (300 / episodes).toFixed(2);
  return `No message was ${done}: at most ${percent} % of such episodes do that, at 95 % confidence (3/n).`;
}

function spread(values: readonly number[]): string {
  return [median(values), Math.max(...values)]
    .map((value) => (Number.isFinite(value) ? formatValue(value) : 'never'))
    .join(', ');
}

function tally(words: readonly string[]): string {
  return [...new Set(words)]
    .sort()
    .map((word) => `${words.filter((one) => one === word).length} ${word}`)
    .join(', ');
}

function sum(runs: readonly SoakRun[], name: SoakCount): number {
  return runs.reduce((total, { counts }) => total + counts[name], 0);
}
