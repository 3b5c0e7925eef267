import { runNumber } from '../earlier-runs.js';
import {
  formatCount,
  formatLatency,
  formatLimit,
  formatMs,
  formatObserved,
  formatRate,
  formatShare,
  formatTime,
} from '../format.js';
import { ledgerCount } from '../ledger-counts.js';
import { repeatedGates, repeatedScenarios } from '../repeats.js';
import type { Results, Suite } from '../results.js';
import { type SuiteEntry, type SuiteRow, suiteRows, troubles } from '../suite.js';
import { throughput } from '../throughput.js';
import { repeats } from './gates-table.js';
import { type Content, html, type Markup } from './markup.js';
import { renderPage } from './page.js';
import { verdictBadge } from './verdict.js';

/** The report folder's index.html: every scenario with its verdict and figures, linked to its own page. */
export function renderSuitePage(suite: Suite, results: readonly Results[]): string {
  const rows = suiteRows(suite, results);
  const passed = suite.scenarios.filter((entry) => entry.verdict === 'pass').length;
  const body = html`<header class="top"><div class="wrap">
<p class="crumbs">Gauntlet</p>
<div class="headline"><h1>${passed} of ${suite.scenarios.length} scenario${suite.scenarios.length === 1 ? '' : 's'} passed</h1>${verdictBadge(suite.verdict)}</div>
<p class="meta">${formatTime(suite.startedAt)} · ${formatMs(suite.durationMs)} · exit code ${suite.exitCode}</p>
</div></header>
<main id="main" class="wrap">
<section aria-labelledby="scenarios-title"><h2 id="scenarios-title">Scenarios</h2>
<div class="scroll" role="region" aria-label="Scenarios" tabindex="0"><table class="suite"><thead><tr><th>verdict</th><th>scenario</th><th class="num">delivered</th><th class="num">lost</th><th class="num">p99</th><th class="num">throughput</th><th class="num">took</th></tr></thead><tbody>
${rows.map((one) => row(one, suite))}
</tbody></table></div></section>
${overRuns(results)}
<section aria-labelledby="reproduce-title"><h2 id="reproduce-title">Reproduce</h2><div class="command"><pre tabindex="0"><code>${suite.command}</code></pre></div>
<p class="files">Files beside this page: <a href="suite.json">suite.json</a> · <a href="junit.xml">junit.xml</a> · <a href="summary.md">summary.md</a></p></section>
</main>
<footer class="wrap"><p>Made from suite.json and each scenario's results.json; <code>gauntlet report</code> makes it again.</p></footer>`;
  return renderPage({
    title: `${suite.verdict}: Gauntlet, ${passed} of ${suite.scenarios.length} passed`,
    body,
    live: false,
  });
}

function row({ entry, results }: SuiteRow, suite: Suite): Markup {
  const attention = entry.verdict === 'pass' ? '' : `attention ${entry.verdict}`;
  const name =
    entry.folder === null ? entry.name : html`<a href="./${href(entry.folder)}/index.html">${entry.folder}</a>`;
  return html`<tr class="${attention}"><td>${verdictBadge(entry.verdict)}</td><td class="wide"><strong>${name}</strong>${results && html`<div class="muted">${results.run.scenario.description}</div>`}<div>${entry.reason}</div>${problems(results)}${earlierRuns(suite, entry)}${logs(entry.logs ?? [])}</td>
${results === undefined ? html`<td class="num">–</td><td class="num">–</td><td class="num">–</td><td class="num">–</td>` : figures(results)}<td class="num">${formatMs(entry.durationMs)}</td></tr>`;
}

/** With `--repeat`: what each gate came to in all runs of a scenario. */
function overRuns(results: readonly Results[]): Content {
  const repeated = repeatedScenarios(results);
  if (repeated.length === 0) return null;
  return html`<section aria-labelledby="over-runs-title"><h2 id="over-runs-title">Over all runs</h2>
${repeated.map(
  (one) => html`<h3>${one.run.scenario.name}</h3>
<div class="scroll" role="region" aria-label="Gates of ${one.run.scenario.name} over all runs" tabindex="0"><table><thead><tr><th>verdict</th><th>gate</th><th class="num">limit</th><th class="num">all runs</th></tr></thead><tbody>
${repeatedGates(one).map(
  (gate) =>
    html`<tr class="${gate.overRuns.verdict === 'pass' ? '' : `attention ${gate.overRuns.verdict}`}"><td>${verdictBadge(gate.overRuns.verdict)}</td><td class="wide"><code>${gate.expression}</code></td><td class="num">${formatLimit(gate)}</td><td class="num">${repeats(gate)}</td></tr>`,
)}
</tbody></table></div>`,
)}
<p class="note">A gate passes over all runs if it passed in each. The interval is that of the median; with fewer than six runs it goes from the lowest to the highest value. Implicit gates are listed where one did not pass.</p></section>`;
}

function figures(results: Results): Markup {
  const delivered = ledgerCount(results, 'delivered');
  const lost = ledgerCount(results, 'lost');
  const { summary, undelivered } = results.overall.e2e;
  return html`<td class="num">${delivered === undefined ? '–' : delivered.share === null ? formatCount(delivered.value) : formatShare(delivered.share)}</td><td class="num">${lost === undefined ? '–' : formatCount(lost.value)}</td><td class="num">${formatLatency(summary.p99, summary.count + undelivered)}</td><td class="num">${formatRate(throughput(results))}</td>`;
}

function problems(results: Results | undefined): Content {
  if (results === undefined) return null;
  const gates = results.gates
    .filter((gate) => gate.verdict !== 'pass')
    .map(
      (gate) =>
        html`<li>${verdictBadge(gate.verdict)} <code>${gate.expression}</code>: observed ${formatObserved(gate)}, limit ${formatLimit(gate)}</li>`,
    );
  const found =
    results.verdict === 'pass'
      ? []
      : troubles(results).map((text) => html`<li>${verdictBadge('inconclusive')} ${text}</li>`);
  const all = [...gates, ...found];
  return all.length > 0 && html`<ul class="problems">${all}</ul>`;
}

/** With `--rerun-inconclusive`: what was before the run that the verdict is from. */
function earlierRuns(suite: Suite, entry: SuiteEntry): Content {
  const number = runNumber(suite, entry);
  if (number === undefined) return null;
  const runs = entry.earlier?.map(
    ({ folder, reason, durationMs }) =>
      html`<li>${verdictBadge('inconclusive')} <a href="./${href(folder)}/index.html">${folder}</a>: ${reason} Took ${formatMs(durationMs)}.</li>`,
  );
  return html`<div class="files">This is ${number}. Before it:</div><ul class="problems">${runs}</ul>`;
}

/** What a run without a page of its own left to look at. */
function logs(paths: readonly string[]): Content {
  if (paths.length === 0) return null;
  const links = paths.map((path) => html` <a href="./${href(path)}">${path.slice(path.lastIndexOf('/') + 1)}</a>`);
  return html`<p class="files">Logs:${links}</p>`;
}

function href(folder: string): string {
  return folder
    .split('/')
    .filter((segment) => segment !== '..')
    .map((segment) => encodeURIComponent(segment.replace(/\p{Cs}/gu, '')))
    .join('/');
}
