import { runNumber } from './earlier-runs.js';
import {
  formatBound,
  formatCount,
  formatLatency,
  formatLimit,
  formatMargin,
  formatMedian,
  formatMs,
  formatObserved,
  formatRate,
  formatShare,
} from './format.js';
import { ledgerCount } from './ledger-counts.js';
import { repeatedGates, repeatedScenarios } from './repeats.js';
import type { GateResult, Results, Suite } from './results.js';
import { type SuiteEntry, suiteRows, troubles } from './suite.js';
import { throughput } from './throughput.js';

/** GitHub cuts a job summary off at 1 MiB; a summary that long is none anyway. */
const MAX_ROWS = 200;
const MAX_TEXT = 300;

const SIGN: Record<SuiteEntry['verdict'], string> = {
  pass: '✅ pass',
  fail: '❌ fail',
  inconclusive: '⚠️ inconclusive',
  error: '⚠️ error',
  interrupted: '⚠️ interrupted',
};

/** summary.md: a table of scenarios, then what failed or could not be judged. For the page of a CI job. */
export function renderMarkdown(suite: Suite, results: readonly Results[]): string {
  const rows = suiteRows(suite, results);
  const passed = suite.scenarios.filter((entry) => entry.verdict === 'pass').length;
  const lines = [
    `## Gauntlet: ${SIGN[suite.verdict]}`,
    '',
    `${passed} of ${suite.scenarios.length} scenarios passed in ${formatMs(suite.durationMs)}.`,
    '',
    '| scenario | verdict | delivered | lost | p99 | throughput | reason |',
    '| --- | --- | ---: | ---: | ---: | ---: | --- |',
  ];
  for (const { entry, results: one } of rows.slice(0, MAX_ROWS)) {
    const figures = one === undefined ? ['–', '–', '–', '–'] : figuresOf(one);
    lines.push(`| ${[text(entry.name), SIGN[entry.verdict], ...figures, text(entry.reason)].join(' | ')} |`);
  }
  if (rows.length > MAX_ROWS) lines.push('', `... and ${rows.length - MAX_ROWS} more.`);

  lines.push(...runAgain(suite), ...overRuns(results));
  const gates = rows.flatMap(({ entry, results: one }) =>
    (one?.gates ?? []).filter((gate) => gate.verdict !== 'pass').map((gate) => gateRow(entry.name, gate)),
  );
  if (gates.length > 0) {
    lines.push('', '### Gates that did not pass', '');
    lines.push(
      '| scenario | gate | verdict | observed | limit | margin | note |',
      '| --- | --- | --- | ---: | ---: | ---: | --- |',
    );
    lines.push(...gates.slice(0, MAX_ROWS));
    if (gates.length > MAX_ROWS) lines.push('', `... and ${gates.length - MAX_ROWS} more.`);
  }
  const found = rows.flatMap(({ entry, results: one }) =>
    one === undefined ? [] : troubles(one).map((trouble) => `- **${text(entry.name)}**: ${text(trouble)}`),
  );
  if (found.length > 0) lines.push('', '### Trouble with the instrument', '', ...found.slice(0, MAX_ROWS));
  lines.push('', 'Reproduce:', '', '```sh', suite.command.replace(/[`\p{Cc}]/gu, ' '), '```', '');
  return lines.join('\n');
}

/** With `--rerun-inconclusive`: which verdicts are not of the first run. */
function runAgain(suite: Suite): string[] {
  const rows = suite.scenarios.flatMap((entry) => {
    const number = runNumber(suite, entry);
    if (number === undefined) return [];
    const before = entry.earlier?.map(({ folder, reason }) => `    - ${code(folder)}: ${text(reason)}`) ?? [];
    return [`- **${text(entry.folder ?? entry.name)}**: ${number}; before it, inconclusive:`, ...before];
  });
  return rows.length === 0 ? [] : ['', '### Run again', '', ...rows.slice(0, MAX_ROWS)];
}

/** With `--repeat`: what each gate came to in all runs. */
function overRuns(results: readonly Results[]): string[] {
  const rows = repeatedScenarios(results).flatMap((one) =>
    repeatedGates(one).map((gate) => {
      const { passed, runs, verdict, confidence } = gate.overRuns;
      const cells = [
        text(one.run.scenario.name),
        code(gate.expression),
        `${SIGN[verdict]} (${passed} of ${runs} runs)`,
        `${formatMedian(gate.overRuns, gate)} (at ${Number((confidence * 100).toFixed(1))} %)`,
        gate.repeats.map((value) => formatBound(value, gate)).join('; '),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  if (rows.length === 0) return [];
  const head = ['| scenario | gate | verdict | median, interval | all runs |', '| --- | --- | --- | ---: | ---: |'];
  const more = rows.length > MAX_ROWS ? ['', `... and ${rows.length - MAX_ROWS} more.`] : [];
  return ['', '### Over all runs', '', ...head, ...rows.slice(0, MAX_ROWS), ...more];
}

function figuresOf(results: Results): string[] {
  const delivered = ledgerCount(results, 'delivered');
  const lost = ledgerCount(results, 'lost');
  const { p99, count } = results.overall.e2e.summary;
  const undelivered = results.overall.e2e.undelivered;
  return [
    delivered === undefined
      ? '–'
      : delivered.share === null
        ? formatCount(delivered.value)
        : formatShare(delivered.share),
    lost === undefined ? '–' : formatCount(lost.value),
    formatLatency(p99, count + undelivered),
    formatRate(throughput(results)),
  ];
}

function gateRow(scenario: string, gate: GateResult): string {
  const cells = [
    text(scenario),
    code(gate.expression),
    SIGN[gate.verdict],
    formatObserved(gate),
    formatLimit(gate).replace(/</g, '&lt;').replace(/>/g, '&gt;'),
    formatMargin(gate),
    text(gate.note ?? ''),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Text as text: nothing of it is markup, a mention, a link or the end of a cell. */
function text(value: string): string {
  return oneLine(value).replace(/[\\`*_{}[\]()#+!|<>~@&:]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function code(value: string): string {
  return `<code>${text(value)}</code>`;
}

function oneLine(value: string): string {
  const line = value.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
}
