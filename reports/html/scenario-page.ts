import { formatMs, formatTime } from '../format.js';
import type { Results } from '../results.js';
import { loadMs } from '../suite.js';
import { definitionList } from './definitions.js';
import { environmentSection } from './environment-section.js';
import { faultsTable } from './faults-table.js';
import { gatesTable } from './gates-table.js';
import { heatMap } from './heat-map.js';
import { keyFigures } from './key-figures.js';
import { ledgerFlow } from './ledger-flow.js';
import { type Content, html, type Markup } from './markup.js';
import { renderPage } from './page.js';
import { percentiles } from './percentile-curve.js';
import { scalingPicture } from './scaling-picture.js';
import { systemSection } from './system-section.js';
import { timeline } from './timeline.js';
import { verdictBadge, verdictClass } from './verdict.js';
import { slowest } from './violations.js';

const SECTIONS = ['Timeline', 'Latency', 'Gates', 'Ledger', 'Faults', 'System', 'Environment', 'Definitions'] as const;

/** A scenario's index.html: one self-contained file, a pure function of its results. */
export function renderScenarioPage(results: Results): string {
  const { run } = results;
  const sections: Record<(typeof SECTIONS)[number], Content> = {
    Timeline: [timeline(results), scalingPicture(results)],
    Latency: [
      percentiles(results),
      results.heatMap !== undefined &&
        results.heatMap.counts.length > 0 && [html`<h3>Over time</h3>`, heatMap(results.heatMap)],
      slowest(results),
    ],
    Gates: gatesTable(results),
    Ledger: ledgerFlow(results),
    Faults: faultsTable(results),
    System: systemSection(results),
    Environment: environmentSection(results),
    Definitions: definitionList(results),
  };
  const body = html`<header class="top"><div class="wrap">
<p class="crumbs"><a href="../index.html">Gauntlet</a> <span aria-hidden="true">/</span> ${run.scenario.name}</p>
<div class="headline"><h1>${run.scenario.name}</h1>${verdictBadge(results.verdict)}</div>
<p class="lead">${run.scenario.description}</p>
<p class="reason ${verdictClass(results.verdict)}">${results.reason}</p>
<p class="meta">${meta(results)}</p>
</div></header>
<main id="main" class="wrap">
${keyFigures(results)}
<nav class="sections" aria-label="Sections">${SECTIONS.map((name) => html`<a href="#${name.toLowerCase()}">${name}</a>`)}</nav>
${SECTIONS.map((name) => section(name, sections[name]))}
</main>
<footer class="wrap"><p>Gauntlet ${run.versions.gauntlet}, run ${run.id}. Made from results.json; <code>gauntlet report</code> makes it again.</p></footer>`;
  return renderPage({ title: `${results.verdict}: ${run.scenario.name}`, body, live: true });
}

function section(name: string, content: Content): Markup {
  const id = name.toLowerCase();
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2>${content}</section>`;
}

function meta(results: Results): string {
  const { run } = results;
  return [
    formatTime(run.startedAt),
    ...(run.attempt !== undefined ? [`run ${run.attempt}: before it, inconclusive`] : []),
    `${formatMs(loadMs(results))} of load`,
    `seed ${run.seed}`,
    `${run.driver.name} on ${run.environment.topology} Redis ${run.versions.redis}`,
    ...(run.scenario.tags.length > 0 ? [`tags ${run.scenario.tags.join(', ')}`] : []),
  ].join(' · ');
}
