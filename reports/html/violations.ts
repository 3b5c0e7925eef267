import { formatAt, formatMs } from '../format.js';
import { ledgerCount } from '../ledger-counts.js';
import type { Results, Story } from '../results.js';
import { metricName } from './definitions.js';
import { type Content, html, type Markup } from './markup.js';

/** Stories in one page, shared among the classes: results.json has all of them. */
const MAX_STORIES = 200;
const MAX_SLOWEST = 60;

/** For each violation class its example messages, each with its whole story. */
export function violations(results: Results): Content {
  const classes = Object.entries(results.ledger.examples).filter(([, stories]) => stories.length > 0);
  if (classes.length === 0) return null;
  const most = Math.max(5, Math.floor(MAX_STORIES / classes.length));
  return html`<h3>Messages, with their stories</h3>
${classes.map(([name, stories]) => {
  const total = ledgerCount(results, name)?.value ?? stories.length;
  const shown = stories.slice(0, most);
  return html`<details class="violation"><summary>${metricName(name, results)}: ${shown.length} of ${total.toLocaleString('en-US')}</summary>
${shown.map(renderStory)}
${shown.length < stories.length && html`<p class="note">${stories.length - shown.length} more are in results.json.</p>`}</details>`;
})}`;
}

/** The slowest messages of each phase, with the same. */
export function slowest({ ledger }: Results): Content {
  const stories = (ledger.slowest ?? []).slice(0, MAX_SLOWEST);
  if (stories.length === 0) return null;
  return html`<details class="violation"><summary>The slowest messages of each phase: ${stories.length}</summary>
${stories.map(renderStory)}</details>`;
}

function renderStory(story: Story): Markup {
  const first = story.events[0]?.atMs ?? 0;
  const facts = [
    story.key === null ? 'no key' : `key ${story.key}`,
    `phase ${story.phase}`,
    ...(story.faults.length > 0 ? [`during ${story.faults.join(', ')}`] : []),
    ...(typeof story.latencyMs === 'number' ? [`latency ${formatMs(story.latencyMs)}`] : []),
  ];
  return html`<details class="story"><summary><code>${story.id}</code> <span class="muted">${facts.join(' · ')}</span></summary>
<ol>${story.events.map(({ atMs, text }) => html`<li><span class="num">${formatAt(atMs)}</span> <span class="num muted">+${formatMs(atMs - first)}</span> <span>${text}</span></li>`)}</ol></details>`;
}
