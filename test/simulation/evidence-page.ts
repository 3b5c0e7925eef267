import type { Evidence, VariantResult } from './evidence.js';

/** The stored results as a page. */
export function renderEvidence({ chunks, variants }: Evidence): string {
  const sum = (of: (chunk: Evidence['chunks'][number]) => number) => chunks.reduce((all, chunk) => all + of(chunk), 0);
  const schedules = sum((chunk) => chunk.schedules);
  const failures = sum((chunk) => chunk.failures);
  const seconds = sum((chunk) => chunk.seconds);
  const counts = new Map<string, number>();
  for (const { occurred } of chunks) {
    for (const [what, count] of Object.entries(occurred)) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  const rowsOf = (prefix: string) =>
    [...counts]
      .filter(([what]) => what.startsWith(prefix))
      .sort(([, a], [, b]) => b - a)
      .map(([what, count]) => `| ${what.slice(prefix.length)} | ${count} |`);
  const bound =
    failures === 0 && schedules > 0
      ? `, which bounds the rate of failing ones by ${percent(3 / schedules)} at 95 %`
      : '';
  return [
    '# Simulated schedules',
    '',
    'Made by `npm run simulate -- --evidence --schedules <n> --seed <first>`, in chunks, and `npm run simulate -- --evidence --variants`.',
    'What they are is told in [the guide](../../guide/simulation.md); the raw counts are in [simulation.json](simulation.json).',
    '',
    `${schedules} schedules, ${failures} failed${bound}. ${(sum((c) => c.simulatedMs) / 3_600_000).toFixed(1)} simulated hours,`,
    `${sum((c) => c.accepted)} messages accepted, ${sum((c) => c.handlings)} handlings, ${sum((c) => c.events)} events;`,
    `${(schedules / Math.max(1, seconds)).toFixed(1)} schedules a second on two cores that others used, too.`,
    '',
    `Seeds: ${seedRanges(chunks).join(', ')}.`,
    ...(failures > 0 ? [`Failed: ${chunks.flatMap((c) => c.failedSeeds).join(', ')}.`] : []),
    '',
    '| topology and durability | schedules |',
    '| --- | --- |',
    ...rowsOf('plan '),
    '',
    '| fault | began |',
    '| --- | --- |',
    ...rowsOf('fault '),
    '',
    '## With one rule switched off',
    '',
    'Schedules until one showed it; the broker with the rule passed all of them.',
    '',
    '| variant | rule | caught by | after |',
    '| --- | --- | --- | --- |',
    ...variants.map(variantRow),
    '',
  ].join('\n');
}

/** Chunks that follow each other are one range. */
function seedRanges(chunks: Evidence['chunks']): string[] {
  const ranges: [first: number, last: number][] = [];
  for (const { firstSeed, schedules } of chunks) {
    const range = ranges.at(-1);
    const last = firstSeed + schedules - 1;
    if (range?.[1] === firstSeed - 1) range[1] = last;
    else ranges.push([firstSeed, last]);
  }
  return ranges.map(([first, last]) => `${first} to ${last}`);
}

function variantRow({ name, rule, caughtBy, schedules }: VariantResult): string {
  return `| \`${name}\` | ${rule} | ${caughtBy === undefined ? '**not caught**' : `\`${caughtBy}\``} | ${schedules} |`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
