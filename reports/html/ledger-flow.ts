import { formatCount, formatShare } from '../format.js';
import { ledgerCount } from '../ledger-counts.js';
import type { Results } from '../results.js';
import { metricName } from './definitions.js';
import { type Content, html, type Markup } from './markup.js';
import { violations } from './violations.js';

/** Where no message should be: any is worth attention. */
const BAD = new Set(['lost', 'stranded', 'unsent', 'quarantined']);
const SENDER = ['accepted', 'rejected', 'indeterminate', 'unsent', 'withheld'];
const FATES = ['delivered', 'dead-lettered', 'quarantined', 'stranded', 'lost'];
/** Always shown: that they are zero is the news. */
const ALWAYS = new Set(['accepted', 'delivered', 'lost']);

/** The ledger as a flow, the counts beside it, and the stories of what went wrong. */
export function ledgerFlow(results: Results): Markup {
  const value = (name: string) => ledgerCount(results, name)?.value;
  const planned = value('planned') ?? value('offered') ?? results.phases.reduce((sum, phase) => sum + phase.planned, 0);
  const accepted = value('accepted') ?? 0;
  const column = (title: string, of: number, names: readonly string[]) => html`<div class="stage"><h3>${title}</h3>
${names.map((name) => box(results, name, of, value(name)))}</div>`;
  return html`<div class="flow">
<div class="stage"><h3>Planned</h3><div class="box"><div class="count">${formatCount(planned)}</div><div>messages</div>${bar(1)}</div></div>
<div class="arrow" aria-hidden="true"></div>
${column('At the sender', planned, SENDER)}
<div class="arrow" aria-hidden="true"></div>
${column('Accepted ones ended as', accepted, FATES)}
</div>
${inventory(results)}
${damage(results)}
${otherCounts(results)}
${violations(results)}`;
}

function box(results: Results, name: string, of: number, value: number | undefined): Content {
  if (value === undefined || (value === 0 && !ALWAYS.has(name))) return null;
  const bad = BAD.has(name) && value > 0;
  return html`<div class="box ${bad && 'bad'}"><div class="count">${bad && html`<span aria-hidden="true">✕ </span>`}${formatCount(value)}</div><div>${metricName(name, results)}${of > 0 && html` <span class="muted">${formatShare(value / of)}</span>`}</div>${bar(of > 0 ? value / of : 0)}</div>`;
}

/** To scale; what is there at all is at least a hair wide. */
function bar(share: number): Markup {
  const width = share <= 0 ? 0 : Math.max(0.6, Math.min(100, share * 100));
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="4"/><rect class="fill" width="${width.toFixed(2)}" height="4"/></svg>`;
}

function otherCounts(results: Results): Content {
  const shown = new Set(['planned', ...SENDER, ...FATES]);
  const rows = Object.entries(results.ledger.counts).filter(([name]) => !shown.has(name));
  if (rows.length === 0) return null;
  return html`<h3>Everything else that was counted</h3><ul class="counts">
${rows.map(([name, { value, share }]) => html`<li class="${value === 0 && 'zero'}"><span>${metricName(name, results)}</span><span class="num">${formatCount(value)}${share !== null && value > 0 && html` <span class="muted">${formatShare(share)}</span>`}</span></li>`)}
</ul>`;
}

function inventory({ ledger }: Results): Markup {
  const { available, stable, scans, problem, places } = ledger.inventory;
  if (!available) {
    return html`<p class="note">Inventory: none${problem && `, ${problem}`}. Everything undelivered counts as lost.</p>`;
  }
  const held = Object.entries(places).map(([place, count]) => `${place} ${formatCount(count)}`);
  return html`<p class="note">Inventory, read back message by message in ${scans} scan${scans === 1 ? '' : 's'}: ${stable ? 'stable' : 'never stable, so it counts as nothing found'}${held.length > 0 && `; held at the end: ${held.join(', ')}`}${problem && `; ${problem}`}. ${formatCount(ledger.records)} ledger records.</p>`;
}

function damage({ ledger }: Results): Content {
  if (ledger.damage.length === 0) return null;
  return html`<div class="callout unsure"><strong>? The ledger is damaged</strong>, so the run is inconclusive:<ul>${ledger.damage.map((text) => html`<li>${text}</li>`)}</ul></div>`;
}
